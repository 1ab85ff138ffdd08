// Framed by the Commerce admin, which says in the address which order it shows: index.html#/order?orderId=42, or
// index.html?orderId=42. A frame gets no key, so the order itself opens in a window of its own.

const { hash, search } = window.location;
const asked = new URLSearchParams(hash.includes("?") ? hash.slice(hash.indexOf("?")) : search).get("orderId") ?? "";
const known = /^[1-9]\d{0,15}$/.test(asked);

document.querySelector(known ? "#open" : "#none").hidden = false;
if (known) document.querySelector("#open a").href = `/console/commerce-orders/${asked}`;
