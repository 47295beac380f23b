// Makes the desk livelier: times in the reader's own zone, time left that keeps counting, lists that follow, shortcuts.
// Every page is complete without it.
'use strict';
{
  const lang = document.documentElement.lang === 'de' ? 'de' : 'en';
  const words = {
    en: {
      d: 'd', h: 'h', m: 'min', left: '# left', late: '# late', changed: 'Somebody has just changed this case. What you are writing is not lost.', show: 'Show it',
      title: 'Keyboard shortcuts', close: 'Close', off: 'Use single keys as shortcuts',
      keys: [['?', 'this help'], ['j k', 'next, previous case in a list'], ['Enter', 'open the case'], ['g', 'my cases'], ['n', 'next case'], ['b', 'back to my cases'], ['/', 'first field or filter'], ['Esc', 'leave a field']],
      acts: 'On a case, the key beside each action opens it.',
    },
    de: {
      d: 'T.', h: 'Std.', m: 'Min.', left: 'noch #', late: '# zu spät', changed: 'Jemand hat diesen Fall gerade geändert. Was Sie schreiben, geht nicht verloren.', show: 'Anzeigen',
      title: 'Tastenkürzel', close: 'Schließen', off: 'Einzelne Tasten als Kürzel verwenden',
      keys: [['?', 'diese Hilfe'], ['j k', 'nächster, voriger Fall einer Liste'], ['Enter', 'Fall öffnen'], ['g', 'meine Fälle'], ['n', 'nächster Fall'], ['b', 'zurück zu meinen Fällen'], ['/', 'erstes Feld oder Filter'], ['Esc', 'Feld verlassen']],
      acts: 'Bei einem Fall öffnet die Taste neben einer Aktion diese Aktion.',
    },
  }[lang];
  const all = (css, root = document) => [...root.querySelectorAll(css)];
  const make = (name, more = {}, ...children) => {
    const element = Object.assign(document.createElement(name), more);
    element.append(...children);
    return element;
  };

  // Times
  const format = new Intl.DateTimeFormat(lang, { dateStyle: 'medium', timeStyle: 'short' });
  const local = (root) => {
    for (const time of all('time[datetime]', root)) {
      const at = new Date(time.dateTime);
      if (!Number.isNaN(at.getTime())) {
        time.title = time.textContent;
        time.textContent = format.format(at);
      }
    }
  };
  const length = (ms) => {
    const minutes = Math.floor(ms / 60000);
    const [d, h, m] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
    const text = (n, unit) => (n ? `${n} ${unit}` : '');
    const parts = d ? [text(d, words.d), text(h, words.h)] : [text(h, words.h), text(m, words.m)];
    return parts.filter(Boolean).join(' ') || `0 ${words.m}`;
  };
  // The server's clock counts, so that a wrong one in the browser misleads nobody.
  const stamp = document.querySelector('[data-now]')?.dataset.now;
  const ahead = stamp ? Date.now() - Date.parse(stamp) : 0;
  const count = () => {
    const now = Date.now() - ahead;
    for (const due of all('[data-due]')) {
      const left = Date.parse(due.dataset.due) - now;
      const text = (left < 0 ? words.late : words.left).replace('#', length(Math.abs(left)));
      if (due.textContent !== text) due.textContent = text;
      const soon = due.dataset.soon && Date.parse(due.dataset.soon) <= now;
      due.classList.toggle('late', left < 0);
      due.classList.toggle('soon', left >= 0 && Boolean(soon));
    }
  };
  local(document);
  count();
  setInterval(count, 15000);

  // Filters are sent when they are chosen
  for (const select of all('select[data-send]')) select.addEventListener('change', () => select.form.requestSubmit());

  // Lists follow
  const live = document.querySelector('[data-live]');
  const follow = async () => {
    const busy = document.visibilityState !== 'visible' || all('input:checked', live).length > 0;
    if (busy) return;
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } }).catch(() => null);
    if (!answer?.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-live]');
    if (!fresh || all('input:checked', live).length > 0) return;
    const href = live.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
    live.replaceChildren(...fresh.childNodes);
    local(live);
    count();
    if (href) all('a', live).find((a) => a.getAttribute('href') === href)?.focus();
  };
  if (live) setInterval(follow, Number(live.dataset.live) * 1000);

  // A case says when somebody else has changed it
  const open = document.querySelector('[data-case]');
  const look = async () => {
    if (document.visibilityState !== 'visible') return;
    const answer = await fetch(`/desk/cases/${open.dataset.case}/version`).catch(() => null);
    const known = answer?.ok ? (await answer.json()).version : 0;
    if (known > Number(open.dataset.version) && !document.querySelector('.toast')) {
      const toast = make('div', { className: 'note warn toast', role: 'status' }, `${words.changed} `, make('a', { href: `/desk/cases/${open.dataset.case}` }, words.show));
      document.body.append(toast);
    }
  };
  if (open) setInterval(look, 15000);

  // Shortcuts
  const store = (value) => { try { return value === undefined ? localStorage.getItem('ringback-keys') : localStorage.setItem('ringback-keys', value); } catch { return null; } };
  let dialog;
  const help = () => {
    if (!dialog) {
      const toggle = make('input', { type: 'checkbox', id: 'keys-on', checked: store() !== 'off' });
      toggle.addEventListener('change', () => store(toggle.checked ? 'on' : 'off'));
      const list = make('dl', { className: 'keys' });
      for (const [keys, what] of words.keys) list.append(make('dt', {}, ...keys.split(' ').map((k) => make('kbd', {}, k))), make('dd', {}, what));
      dialog = make('dialog', {}, make('h2', { id: 'keys-title' }, words.title), list, make('p', { className: 'quiet' }, words.acts),
        make('p', {}, make('label', { className: 'choice' }, toggle, words.off)),
        make('form', { method: 'dialog' }, make('button', {}, words.close)));
      dialog.setAttribute('aria-labelledby', 'keys-title');
      document.body.append(dialog);
    }
    dialog.showModal();
  };
  const step = (by) => {
    const links = all('[data-cases] .say a');
    const at = links.indexOf(document.activeElement);
    (links[at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by] ?? document.activeElement).focus();
  };
  const act = (key) => {
    const form = all('form[data-key]').find((form) => form.dataset.key === key);
    if (!form) return false;
    const panel = form.closest('details');
    panel.open = true;
    panel.scrollIntoView({ block: 'nearest' });
    form.querySelector('select, input:not([type=hidden]), textarea')?.focus();
    return true;
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || document.querySelector('dialog[open]')) return;
    const field = event.target.closest('input, select, textarea');
    if (event.key === 'Escape' && field) { field.blur(); return; }
    if (field && !['checkbox', 'radio'].includes(field.type)) return;
    if (event.key === '?') { event.preventDefault(); help(); return; }
    if (store() === 'off') return;
    const link = all('a[data-key]').find((a) => a.dataset.key === event.key);
    if (link) { event.preventDefault(); link.click(); return; }
    if (act(event.key)) { event.preventDefault(); return; }
    if (event.key === 'j' || event.key === 'k') { event.preventDefault(); step(event.key === 'j' ? 1 : -1); }
    if (event.key === 'g') { event.preventDefault(); location.href = '/desk'; }
    if (event.key === '/') { event.preventDefault(); document.querySelector('main input:not([type=hidden]), main select')?.focus(); }
  });
}
