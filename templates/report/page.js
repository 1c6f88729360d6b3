// Copy buttons, filters of the gallery, enlarged pictures. Without it everything can still be read.
(() => {
  'use strict';
  const all = (query, under = document) => [...under.querySelectorAll(query)];
  const make = (name, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  };
  const button = (text, label, act) => {
    const node = make('button', { type: 'button', textContent: text, onclick: act });
    if (label) node.setAttribute('aria-label', label);
    return node;
  };

  // --- copy -----------------------------------------------------------------------------------------------------
  const copied = async (node) => {
    const text = node.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {  // no permission, or a page from a file in an older browser
      const area = make('textarea', { value: text });
      document.body.append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
    }
  };
  for (const node of all('pre[data-copy]')) {
    const copy = button('Copy', '', async () => {
      await copied(node);
      copy.textContent = 'Copied';
      setTimeout(() => { copy.textContent = 'Copy'; }, 1500);
    });
    copy.className = 'dsb-copy';
    node.before(copy);
  }

  // --- links open the folded part that they lead to -------------------------------------------------------------
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let node = target; node; node = node.parentElement) if (node.tagName === 'DETAILS') node.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener('hashchange', reveal);
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (link && link.getAttribute('href') === location.hash) reveal();
  });
  reveal();

  // --- filters of the gallery -----------------------------------------------------------------------------------
  for (const gallery of all('.dsb-gallery')) {
    const frames = gallery.querySelector('.dsb-frames');
    const choice = gallery.querySelector('.dsb-class');
    const only = gallery.querySelector('.dsb-only');
    const update = () => {
      for (const side of all('.dsb-side', gallery)) frames.classList.toggle(`no-${side.value}`, !side.checked);
      frames.classList.toggle('only-alone', only.checked);
      for (const figure of all('figure', frames)) {
        const boxes = all('g', figure);
        for (const box of boxes) box.classList.toggle('off', choice.value !== '' && box.dataset.class !== choice.value);
        figure.hidden = choice.value !== '' && !boxes.some((box) =>
          !box.classList.contains('off') && (!only.checked || box.classList.contains('alone')));
      }
    };
    gallery.querySelector('.dsb-controls').hidden = false;
    gallery.addEventListener('change', update);
  }

  // --- enlarged pictures ----------------------------------------------------------------------------------------
  const stage = make('div', { className: 'dsb-stage' });
  const caption = make('p');
  const view = { at: 0, zoom: 1, x: 0, y: 0, shown: [] };
  const place = () => {
    stage.style.setProperty('--zoom', view.zoom);
    stage.firstElementChild.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.zoom})`;
  };
  const zoom = (factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) => {
    const next = Math.min(16, Math.max(1, view.zoom * factor));
    view.x = next === 1 ? 0 : x - (x - view.x) * next / view.zoom;
    view.y = next === 1 ? 0 : y - (y - view.y) * next / view.zoom;
    view.zoom = next;
    place();
  };
  const show = (at) => {
    view.at = (at + view.shown.length) % view.shown.length;
    const source = view.shown[view.at];
    const copy = source.cloneNode(true);
    copy.removeAttribute('class');
    const holder = source.closest('.dsb-frames');
    stage.className = `dsb-stage ${holder ? holder.className.replace('dsb-frames', '') : ''}`;
    stage.replaceChildren(copy);
    const text = source.closest('figure').querySelector('figcaption').textContent;
    caption.textContent = `${view.at + 1} of ${view.shown.length}: ${text}`;
    Object.assign(view, { zoom: 1, x: 0, y: 0 });
    place();
  };
  const box = make('dialog', { className: 'dsb-box' }, stage, make('div', { className: 'dsb-bar' },
    button('‹', 'previous', () => show(view.at - 1)), button('›', 'next', () => show(view.at + 1)), caption,
    button('−', 'smaller', () => zoom(1 / 1.5)), button('+', 'larger', () => zoom(1.5)),
    button('Close', '', () => box.close())));
  box.setAttribute('aria-label', 'Enlarged frame');
  document.body.append(box);
  box.addEventListener('keydown', (event) => {
    const act = {
      ArrowLeft: () => show(view.at - 1), ArrowRight: () => show(view.at + 1),
      '+': () => zoom(1.5), '=': () => zoom(1.5), '-': () => zoom(1 / 1.5), 0: () => show(view.at),
    }[event.key];
    if (act) { act(); event.preventDefault(); }
  });
  stage.addEventListener('wheel', (event) => {
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, event.offsetX, event.offsetY);
  }, { passive: false });
  stage.addEventListener('pointerdown', (event) => { stage.setPointerCapture(event.pointerId); });
  stage.addEventListener('pointermove', (event) => {
    if (!event.buttons || view.zoom === 1) return;
    view.x += event.movementX;
    view.y += event.movementY;
    place();
  });
  for (const picture of all('.dsb-frame, .dsb-zoom')) {
    const open = button('', '', () => {
      const group = picture.closest('.dsb-frames, .dsb-grid');
      view.shown = all('.dsb-frame, .dsb-zoom', group).filter((one) => !one.closest('figure').hidden);
      show(view.shown.indexOf(picture));
      box.showModal();
    });
    open.className = 'dsb-open';
    open.title = 'Enlarge';
    picture.before(open);
    open.append(picture);
  }

  // --- print: what is folded and matters is unfolded ------------------------------------------------------------
  addEventListener('beforeprint', () => {
    for (const node of all('.dsb-problem details, .dsb-steps > details, .dsb-warned')) {
      const fold = node.closest('details');
      if (fold && !fold.open) { fold.open = true; fold.dataset.printed = ''; }
    }
  });
  addEventListener('afterprint', () => {
    for (const fold of all('details[data-printed]')) { fold.open = false; delete fold.dataset.printed; }
  });
})();
