"use strict";

const place = document.getElementById("redoc");

// Its search would run in a worker made of text, which the page's policy forbids.
Redoc.init(place.dataset.document, { disableSearch: true, requiredPropsFirst: true, expandResponses: "200,201,202" }, place);
