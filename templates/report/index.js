// Search, filters, sorting and pages of the index. The rows are JSON within the page; only those of one page are in the
// document, so ten thousand stay fast. The page's address has the view: #find=...&show=...&sort=...&down=1&page=2
(() => {
  'use strict';
  const by = id => document.getElementById(id);
  const table = document.querySelector('.dsb-index'), body = table.tBodies[0], written = [...body.rows];
  const size = Number(table.dataset.size), colors = table.dataset.colors.split(' ');
  const heads = [...table.tHead.rows[0].cells], chips = [...by('chips').children];
  const kinds = heads.map(head => head.className);
  const text = cell => typeof cell === 'string' ? cell : cell[0];
  const color = cell => typeof cell === 'string' ? '' : colors[cell[1]];
  const rows = JSON.parse(by('rows').textContent).map(([rank, link, ...cells], place) => ({
    place, color: colors[rank], link, cells, text: cells.map(text).join('\n').toLowerCase(),
  }));
  const view = { find: '', show: [], sort: '', down: false, page: 1 };

  const keyOf = {
    answer: cell => typeof cell === 'string' ? '' : cell[1],
    number: cell => { const value = parseFloat(text(cell)); return Number.isNaN(value) ? '' : value; },
    text: cell => text(cell).toLowerCase(),
  };
  const compare = (x, y) => x < y ? -1 : x > y ? 1 : 0;
  let sorted = { by: '', rows };
  const inOrder = () => {
    const wanted = `${view.sort} ${view.down}`, column = heads.findIndex(head => head.dataset.id === view.sort);
    if (sorted.by === wanted) return sorted.rows;
    const sign = view.down ? -1 : 1, key = keyOf[kinds[column]];
    const keyed = rows.map(row => ({ row, key: key ? key(row.cells[column]) : 0 }));
    keyed.sort((a, b) => {
      if (a.key === '' || b.key === '') return (a.key === '') - (b.key === '') || a.row.place - b.row.place;
      return sign * compare(a.key, b.key) || a.row.place - b.row.place;
    });
    sorted = { by: wanted, rows: keyed.map(each => each.row) };
    return sorted.rows;
  };

  const made = (name, className, content) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    element.append(content);
    return element;
  };
  const drawn = row => {
    if (written[row.place]) return written[row.place];
    const line = document.createElement('tr'), [name, ...cells] = row.cells;
    line.className = row.color;
    const link = row.link ? made('a', '', name) : name;
    if (row.link) link.href = row.link;
    const head = made('th', '', link);
    head.scope = 'row';
    line.append(head, ...cells.map((cell, at) => made('td', `${kinds[at + 1]} ${color(cell)}`.trim(), text(cell))));
    return line;
  };

  const draw = () => {
    const words = view.find.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = inOrder().filter(row =>
      (!view.show.length || view.show.includes(row.color)) && words.every(word => row.text.includes(word)));
    const pages = Math.max(1, Math.ceil(shown.length / size));
    view.page = Math.min(Math.max(1, view.page), pages);
    const first = (view.page - 1) * size, last = Math.min(first + size, shown.length);
    body.replaceChildren(...shown.slice(first, last).map(drawn));
    table.parentElement.scrollTop = 0;
    const of = `${shown.length} run${shown.length === 1 ? '' : 's'}`;
    const all = shown.length === rows.length ? '' : `, of ${rows.length} in all`;
    by('place').textContent = `${shown.length ? `${first + 1} to ${last} of ` : ''}${of}${all}`;
    by('back').disabled = view.page === 1;
    by('next').disabled = view.page === pages;
    by('back').parentElement.hidden = pages === 1;
    chips.forEach(chip => chip.setAttribute('aria-pressed', view.show.includes(chip.className)));
    heads.forEach(head => head.removeAttribute('aria-sort'));
    const head = heads.find(each => each.dataset.id === view.sort);
    if (head) head.setAttribute('aria-sort', view.down ? 'descending' : 'ascending');
  };

  const fromAddress = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    view.find = given.get('find') || '';
    view.show = (given.get('show') || '').split(',').filter(each => colors.includes(each));
    view.sort = heads.some(head => head.dataset.id === given.get('sort')) ? given.get('sort') : '';
    view.down = Boolean(view.sort) && given.get('down') === '1';
    view.page = parseInt(given.get('page'), 10) || 1;
    by('find').value = view.find;
    draw();
  };
  const toAddress = () => {
    const kept = new URLSearchParams();
    if (view.find) kept.set('find', view.find);
    if (view.show.length) kept.set('show', view.show.join(','));
    if (view.sort) kept.set('sort', view.sort);
    if (view.down) kept.set('down', '1');
    if (view.page > 1) kept.set('page', view.page);
    history.replaceState(null, '', `#${kept}`);
  };
  const change = changes => {
    Object.assign(view, { page: 1 }, changes);
    draw();
    toAddress();
  };

  heads.forEach((head, column) => {
    const button = made('button', '', head.textContent), id = head.dataset.id;
    button.type = 'button';
    head.replaceChildren(button);
    button.onclick = () => change({ sort: id, down: view.sort === id ? !view.down : kinds[column] === 'number' });
  });
  chips.forEach(chip => {
    const mine = chip.className;
    chip.onclick = () => change({
      show: view.show.includes(mine) ? view.show.filter(each => each !== mine) : [...view.show, mine],
    });
  });
  by('find').oninput = () => change({ find: by('find').value });
  by('back').onclick = () => change({ page: view.page - 1 });
  by('next').onclick = () => change({ page: view.page + 1 });
  window.onhashchange = fromAddress;
  document.querySelector('.dsb-controls').hidden = false;
  fromAddress();
})();
