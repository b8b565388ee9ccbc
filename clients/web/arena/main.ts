import "./main.css";

document.querySelector("#arena")!.textContent = "arena";
