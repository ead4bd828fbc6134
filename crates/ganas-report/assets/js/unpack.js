// The data of the page: gzip in Base64, unpacked while the chart library is read.

window.unpacked = (async () => {
  const text = document.getElementById("data").textContent.trim();
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
})();
// Whoever waits for it says what went wrong.
window.unpacked.catch(() => {});
