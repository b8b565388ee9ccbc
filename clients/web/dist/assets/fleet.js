document.querySelector("#fleet").textContent="fleet";
