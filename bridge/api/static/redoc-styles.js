"use strict";

// ReDoc styles itself by style elements of its own making; the page's policy allows those that bear its nonce.
const create = document.createElement.bind(document);
document.createElement = (name, options) => {
  const element = create(name, options);
  if (name === "style") element.nonce = document.getElementById("redoc").dataset.nonce;
  return element;
};
