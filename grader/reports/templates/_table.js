for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const key = (row, i) => {
    const cell = row.cells[i];
    const text = cell.dataset.key ?? cell.textContent.trim();
    const value = parseFloat(text.replace(",", "."));
    return /^[-−+]?[\d.,\s]+$/.test(text) && !isNaN(value) ? value : text;
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === "number") return -1;
    if (typeof b === "number") return 1;
    return a.localeCompare(b, document.documentElement.lang);
  };
  [...table.tHead.rows[0].cells].forEach((head, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].sort((a, b) => compare(key(a, i), key(b, i)));
      body.append(...(down ? rows.reverse() : rows));
    });
  });
  const filter = table.closest("section").querySelector(".filter");
  if (filter) {
    filter.hidden = false;
    const plain = (s) => s.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    filter.addEventListener("input", () => {
      const words = plain(filter.querySelector("input").value).split(/\s+/);
      const group = filter.querySelector("select")?.value ?? "";
      for (const row of body.rows) {
        const text = plain(row.textContent);
        row.hidden = !words.every((w) => text.includes(w)) || (group && row.dataset.group !== group);
      }
    });
  }
}
