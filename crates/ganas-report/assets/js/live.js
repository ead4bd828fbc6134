// The live mode: the page is loaded again when the runs have changed.

(() => {
  const badge = document.createElement("p");
  badge.className = "live";
  badge.textContent = "live";
  badge.title = "The page is loaded again when the runs change";
  document.body.append(badge);
  let last = null;
  const look = async () => {
    try {
      const now = await (await fetch("stamp", { cache: "no-store" })).text();
      badge.textContent = "live";
      if (last !== null && now !== last) location.reload();
      last = now;
    } catch {
      badge.textContent = "not served any more";
    }
  };
  setInterval(look, 2000);
  look();
})();
