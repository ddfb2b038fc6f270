'use strict';
// What belongs together stands in data attributes: a result's rule and sources, a source's rules. Without
// this script the page is three lists that say the same in words.
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const rows = all('li[id]');
  const told = document.getElementById('told');
  const list = (row, name) => (row.dataset[name] || '').split(' ').filter(Boolean);
  const results = rows.filter((row) => row.id.startsWith('r'));
  const sources = rows.filter((row) => row.id.startsWith('s'));

  const related = (row) => {
    const kind = row.id[0];
    const rule = row.id.slice(1);
    if (kind === 'r') return [...list(row, 'rule'), ...list(row, 'from')];
    if (kind === 's') {
      const to = results.filter((r) => list(r, 'from').includes(row.id));
      return [...list(row, 'rules'), ...to.map((r) => r.id), ...to.flatMap((r) => list(r, 'rule'))];
    }
    const own = 'u' + rule;
    return [
      ...results.filter((r) => list(r, 'rule').includes(own)).map((r) => r.id),
      ...results.filter((r) => list(r, 'rule').includes(own)).flatMap((r) => list(r, 'from')),
      ...sources.filter((s) => list(s, 'rules').includes(own)).map((s) => s.id),
    ];
  };

  const pick = (row) => {
    rows.forEach((other) => {
      other.classList.remove('hit', 'picked');
      other.querySelector('.row').setAttribute('aria-pressed', 'false');
    });
    const hits = new Set(related(row));
    row.classList.add('picked');
    row.querySelector('.row').setAttribute('aria-pressed', 'true');
    const shown = new Set([row.closest('section')]);
    rows.filter((other) => hits.has(other.id)).forEach((other) => {
      other.classList.add('hit');
      other.hidden = false;
      const pane = other.closest('section');
      if (!shown.has(pane)) {
        shown.add(pane);
        other.scrollIntoView({ block: 'nearest' });
      }
    });
    const name = (prefix) =>
      [...hits].filter((id) => id.startsWith(prefix)).map((id) => document.getElementById(id)?.dataset.name);
    const say = (prefix) => name(prefix).filter(Boolean).join(', ') || '–';
    told.textContent = `${row.dataset.name}: ${row.dataset[document.documentElement.lang === 'sv' ? 'sv' : 'en']} | ${told.dataset.source} ${say('s')} | ` +
      `${told.dataset.rule} ${say('u')} | ${told.dataset.result} ${say('r')}`;
  };

  document.addEventListener('click', (event) => {
    const row = event.target.closest('li[id]');
    if (row) pick(row);
  });

  // Arrow keys go from row to row within a list.
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const at = event.target.closest('li[id]');
    if (!at) return;
    const own = [...at.parentElement.querySelectorAll('li[id]:not([hidden])')];
    const next = own[own.indexOf(at) + (event.key === 'ArrowDown' ? 1 : -1)];
    if (next) {
      event.preventDefault();
      next.querySelector('.row').focus();
    }
  });

  const find = document.getElementById('find');
  const unread = document.getElementById('unread');
  const filter = () => {
    const word = find.value.toLowerCase();
    rows.forEach((row) => {
      const wanted = row.dataset.name.toLowerCase().includes(word);
      row.hidden = !wanted || (unread.checked && row.id[0] === 's' && !row.dataset.unread);
    });
  };
  find.addEventListener('input', filter);
  unread.addEventListener('change', filter);

  const speak = (lang) => {
    document.documentElement.dataset.lang = lang;
    document.documentElement.lang = lang;
    const words = lang === 'sv'
      ? { source: 'källa:', rule: 'regel:', result: 'resultat:' }
      : { source: 'source:', rule: 'rule:', result: 'result:' };
    Object.assign(told.dataset, words);
    find.placeholder = lang === 'sv' ? find.dataset.sv : find.dataset.en;
    all('[data-speak]').forEach((b) => b.setAttribute('aria-pressed', String(b.dataset.speak === lang)));
  };
  all('[data-speak]').forEach((b) => b.addEventListener('click', () => speak(b.dataset.speak)));
  speak(navigator.language.startsWith('sv') ? 'sv' : 'en');
  all('.tools').forEach((tools) => { tools.hidden = false; });
})();
