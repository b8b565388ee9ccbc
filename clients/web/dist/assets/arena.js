document.querySelector("#arena").textContent="arena";
