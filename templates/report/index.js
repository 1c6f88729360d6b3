// Sorting, filters and pages of the index. Only the rows of one page are in the document, the others wait in a template:
// thousands stay fast.
(() => {
  'use strict';
  const body = document.querySelector('.dsb-index tbody'), more = document.getElementById('more');
  const size = Number(body.parentElement.dataset.size);
  const heads = [...document.querySelectorAll('.dsb-index thead th')];
  const key = (cell, column) => {
    const text = column ? cell.dataset.sort : cell.textContent.trim().toLowerCase();
    return text && 'numeric' in heads[column].dataset ? Number(text) : text;
  };
  const every = [...body.rows, ...more ? more.content.querySelectorAll('tr') : []].map((row, place) => ({
    row, place, color: row.className, text: row.textContent.toLowerCase(),
    keys: [...row.cells].map(key),
  }));
  let shown = every, first = 0;
  const by = id => document.getElementById(id);
  const draw = () => {
    first = Math.max(0, Math.min(first, Math.floor((shown.length - 1) / size) * size));
    const page = shown.slice(first, first + size);
    body.replaceChildren(...page.map(each => each.row));
    const range = page.length ? `${first + 1} to ${first + page.length} of ` : '';
    by('place').textContent = `${range}${shown.length} run${shown.length === 1 ? '' : 's'}`;
    by('back').disabled = first === 0;
    by('next').disabled = first + size >= shown.length;
  };
  const filter = () => {
    const color = by('show').value, words = by('find').value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = every.filter(each => (!color || each.color === color) && words.every(word => each.text.includes(word)));
    first = 0;
    draw();
  };
  const sort = (column, down) => {
    const sign = down ? -1 : 1;
    every.sort((a, b) => {
      const [x, y] = [a.keys[column], b.keys[column]];
      if (x === '' || y === '') return (x === '') - (y === '') || a.place - b.place;
      return sign * (x < y ? -1 : x > y ? 1 : 0) || a.place - b.place;
    });
    filter();
  };
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    const numeric = 'numeric' in head.dataset;
    button.onclick = () => {
      const before = head.getAttribute('aria-sort');
      const down = before ? before === 'ascending' : numeric && column > 2;
      heads.forEach(each => each.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      sort(column, down);
    };
  });
  by('show').onchange = filter;
  by('find').oninput = filter;
  by('back').onclick = () => { first -= size; draw(); };
  by('next').onclick = () => { first += size; draw(); };
  document.querySelector('.dsb-controls').hidden = false;
  draw();
})();
