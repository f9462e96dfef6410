const answer = await fetch(`/api/visits?page=${encodeURIComponent(location.pathname)}`);
document.querySelector("#visits").textContent = (await answer.json()).visits;
