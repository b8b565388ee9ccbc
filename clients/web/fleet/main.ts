import "./main.css";

document.querySelector("#fleet")!.textContent = "fleet";
