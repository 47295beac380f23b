/*! Ringback widget: asks, sends the score at once and the comment after it, loses no answer. Types: ringback.d.ts */
(() => {
  'use strict';
  const before = window.ringback;
  if (before && before.open) return; // loaded twice: once is enough
  const script = document.currentScript || document.querySelector('script[data-key][src*="widget.js"]');
  if (!script || !script.src || !script.dataset.key) {
    console.warn('ringback: the script needs a src and data-key');
    return;
  }
  const { key } = script.dataset;
  const base = new URL(script.src).origin;
  const WEEK = 7 * 864e5;

  // ---- what is kept on this device: when somebody was asked, and answers that are not taken yet
  let unstored = {};
  const memory = () => {
    try {
      return JSON.parse(localStorage.getItem('ringback:' + key)) || {};
    } catch {
      return unstored; // storage is switched off: for this page only
    }
  };
  const remember = (change) => {
    const now = memory();
    change(now);
    unstored = now;
    try {
      localStorage.setItem('ringback:' + key, JSON.stringify(now));
    } catch { /* kept for this page */ }
  };

  // ---- sending: one entry a response, replaced by what is newer, gone when it is taken
  const watching = new Map(); // response id -> what to tell
  const flying = new Map(); // response id -> the number of the entry on its way
  let wait = 2e3;
  let timer;

  const url = (entry) => `${base}/v1/surveys/${encodeURIComponent(entry.survey)}/answers?key=${encodeURIComponent(key)}`;
  const body = (entry) => {
    const age = Math.floor((Date.now() - entry.at) / 1e3);
    const more = { elapsed_ms: Date.now() - entry.shown, turn: String(entry.n) };
    if (age > 30) more.age_s = Math.min(age, 8 * 86400);
    return JSON.stringify({ ...entry.body, ...more });
  };
  const tell = (entry, what, detail) => watching.get(entry.body.id)?.(what, detail);
  const again = (ms) => {
    clearTimeout(timer);
    timer = setTimeout(sendAll, ms);
  };
  const settle = (entry) => remember((m) => {
    if (m.queue?.[entry.body.id]?.n === entry.n) delete m.queue[entry.body.id];
  });

  const put = (entry) => {
    entry.n = Date.now() + Math.random();
    remember((m) => { (m.queue ||= {})[entry.body.id] = entry; });
    send(entry);
  };
  const sendAll = () => {
    const { queue = {} } = memory();
    for (const entry of Object.values(queue)) {
      if (Date.now() - entry.at > WEEK) settle(entry);
      else if (!flying.has(entry.body.id)) send(entry);
    }
  };
  const send = async (entry) => {
    const { id } = entry.body;
    const early = entry.shown + entry.minimum - Date.now();
    if (early > 0) { // nobody reads that fast, but this one did
      setTimeout(() => latest(entry) && send(entry), early + 20);
      return;
    }
    flying.set(id, entry.n);
    let answer;
    try {
      // Plain text needs no preflight, so that it still leaves when the page does.
      answer = await fetch(url(entry), { method: 'POST', body: body(entry), keepalive: true, credentials: 'omit', headers: { 'content-type': 'text/plain' } });
    } catch { /* no connection */ }
    if (flying.get(id) === entry.n) flying.delete(id);
    if (answer?.ok) {
      wait = 2e3;
      settle(entry);
      const own = /<([^>]+)>; rel="urn:ringback:rel:own-answer"/.exec(answer.headers.get('link') || '');
      if (own) tell(entry, 'own', own[1]);
      if (!memory().queue?.[id]) tell(entry, 'sent', { feedback: answer.headers.get('location')?.split('/').pop() });
    } else if (!answer || answer.status >= 500 || answer.status === 429 || answer.status === 408) {
      tell(entry, 'kept');
      again(Math.max(wait, 1e3 * (Number(answer?.headers.get('retry-after')) || 0)));
      wait = Math.min(wait * 2, 6e4);
    } else {
      await refused(entry, answer);
    }
  };
  const latest = (entry) => memory().queue?.[entry.body.id]?.n === entry.n;
  const refused = async (entry, answer) => {
    const problem = await answer.json().catch(() => ({}));
    settle(entry);
    if (entry.body.identity && /identity-refused$/.test(problem.type)) {
      const { identity, ...rest } = entry.body; // an answer of nobody's is worth more than none
      console.warn('ringback: ' + problem.detail);
      put({ ...entry, body: rest });
      return;
    }
    console.warn(`ringback: the answer was refused: ${problem.detail || answer.status}`);
    tell(entry, 'refused');
  };
  const leaving = () => {
    const { queue = {} } = memory();
    for (const entry of Object.values(queue)) {
      if (flying.get(entry.body.id) !== entry.n) navigator.sendBeacon?.(url(entry), new Blob([body(entry)], { type: 'text/plain' }));
    }
  };
  addEventListener('online', sendAll);
  addEventListener('pagehide', leaving);

  // ---- building
  const h = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [at, value] of Object.entries(attributes)) {
      if (at === 'onclick') node.addEventListener('click', value);
      else if (value === true) node.setAttribute(at, '');
      else if (value !== false && value != null) node.setAttribute(at, value);
    }
    node.append(...children.filter((child) => child != null && child !== false));
    return node;
  };
  const icon = (path) => {
    const make = (name) => document.createElementNS('http://www.w3.org/2000/svg', name);
    const svg = make('svg');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', 'true');
    const line = make('path');
    line.setAttribute('d', path);
    svg.append(line);
    return svg;
  };
  const STAR = 'M12 2.6l2.9 5.9 6.5.9-4.7 4.6 1.1 6.5-5.8-3.1-5.8 3.1 1.1-6.5L2.6 9.4l6.5-.9z';
  const UP = 'M7 10.5V21H4a1 1 0 0 1-1-1v-8.500a1 1 0 0 1 1-1zm2 0L13 3c1.400 0 2.500 1.100 2.500 2.500V9.500h4a1.500 1.500 0 0 1 1.500 1.750l-1.300 8.250A1.750 1.750 0 0 1 18 21H9z';
  const DOWN = 'M7 13.5V3H4a1 1 0 0 0-1 1v8.500a1 1 0 0 0 1 1zm2 0L13 21c1.400 0 2.500-1.100 2.500-2.500V14.500h4a1.500 1.500 0 0 0 1.500-1.750l-1.300-8.250A1.750 1.750 0 0 0 18 3H9z';
  const CROSS = 'M5 5l14 14M19 5L5 19';

  const CSS = `
:host{all:initial;display:block;color-scheme:light dark}
:host([hidden]){display:none}
.card{--a:var(--ringback-accent,#1d4ed8);--o:var(--ringback-on-accent,#fff);--s:var(--ringback-surface,#fff);--t:var(--ringback-text,#1b1f24);--m:var(--ringback-muted,#59616b);--e:var(--ringback-border,#7b8490);--l:var(--ringback-line,#dde1e6);--tint:var(--ringback-tint,#eef3ff);--star:var(--ringback-star,#b45309);--bad:var(--ringback-error,#b3261e);--r:var(--ringback-radius,12px);
container-type:inline-size;box-sizing:border-box;position:relative;width:100%;padding:20px;color:var(--t);background:var(--s);border:1px solid var(--l);border-radius:calc(var(--r) + 4px);font:400 16px/1.45 var(--ringback-font,system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif);text-align:start}
.dark{--a:var(--ringback-accent-dark,#8db4ff);--o:var(--ringback-on-accent-dark,#10203f);--s:var(--ringback-surface-dark,#1e2226);--t:var(--ringback-text-dark,#eceff2);--m:var(--ringback-muted-dark,#a9b1bb);--e:var(--ringback-border-dark,#7d8692);--l:var(--ringback-line-dark,#3a4149);--tint:var(--ringback-tint-dark,#24304a);--star:var(--ringback-star-dark,#fbbf24);--bad:var(--ringback-error-dark,#ff9e93);color-scheme:dark}
.light{color-scheme:light}
.popover{position:fixed;z-index:var(--ringback-z-index,2147483000);inset-block-end:max(16px,env(safe-area-inset-bottom));inset-inline-end:16px;width:min(412px,100vw - 32px);max-height:calc(100vh - 32px);max-height:calc(100dvh - 32px);overflow:auto;overscroll-behavior:contain;box-shadow:0 2px 6px #0002,0 16px 48px #0003}
*{box-sizing:border-box}
h2{margin:0;font-size:1.0625rem;font-size:17px;line-height:1.35;font-weight:650;text-wrap:balance}
.popover h2{padding-inline-end:32px}
h2:focus{outline:none}
p{margin:8px 0 0}
button,input,textarea{font:inherit;color:inherit;letter-spacing:inherit}
button{cursor:pointer;touch-action:manipulation;-webkit-tap-highlight-color:transparent}
.scale{display:grid;grid-auto-flow:column;grid-auto-columns:1fr;gap:4px;margin-top:16px}
.scale button{min-width:24px;min-height:44px;padding:0;border:1px solid var(--e);border-radius:calc(var(--r) - 4px);background:var(--s);font-weight:600;font-variant-numeric:tabular-nums}
.scale button:hover{border-color:var(--a);background:var(--tint)}
.scale button[aria-checked=true]{border-color:var(--a);background:var(--a);color:var(--o)}
.stars .scale,.thumbs .scale{justify-content:start;grid-auto-columns:max-content;gap:8px}
.stars .scale{gap:4px;margin-inline-start:-7px}
.stars .scale button,.thumbs .scale button{min-width:48px;display:grid;place-items:center}
.stars .scale button{border-color:transparent;background:none}
svg{width:24px;height:24px;fill:none;stroke:currentColor;stroke-width:1.75;stroke-linejoin:round;stroke-linecap:round}
.stars svg{width:34px;height:34px;color:var(--star);stroke-width:1.4}
.stars .on svg,.stars .scale:hover button:hover svg,.stars .scale:hover button:has(~button:hover) svg{fill:currentColor}
.stars .scale:hover button:hover~button svg{fill:none}
.thumbs .scale button{grid-auto-flow:column;gap:8px;padding:0 16px}
.ends{display:flex;justify-content:space-between;gap:16px;margin-top:8px;font-size:14px;color:var(--m)}
.ends span:last-child{text-align:end}
.stars .ends{max-width:242px}
.thumbs .ends{display:none}
label,legend{display:block;padding:0;font-weight:600}
.opt{font-weight:400;color:var(--m)}
.next{margin-top:20px}
textarea,.text{display:block;width:100%;margin-top:8px;padding:10px 12px;background:var(--s);border:1px solid var(--e);border-radius:calc(var(--r) - 4px)}
textarea{resize:vertical;min-height:84px}
fieldset{min-width:0;margin:16px 0 0;padding:0;border:0}
.way{display:inline-flex;align-items:center;gap:8px;min-height:44px;margin-inline-end:24px;font-weight:400;cursor:pointer}
.way input{width:20px;height:20px;margin:0;accent-color:var(--a)}
.typed{margin-top:8px}
.bad{color:var(--bad);font-size:14px;font-weight:600}
.row{display:flex;flex-wrap:wrap;align-items:center;gap:8px 12px;margin-top:16px}
.act,.plain{min-height:44px;padding:0 20px;border-radius:calc(var(--r) - 4px);border:1px solid var(--a);font-weight:600;text-decoration:none;display:inline-flex;align-items:center}
.act{background:var(--a);color:var(--o)}
.act:hover{filter:brightness(1.1)}
.plain{border-color:transparent;background:none;color:var(--a);padding:0 12px}
.row>.plain:first-child{margin-inline-start:-12px}
.plain:hover{background:var(--tint)}
.x{position:absolute;inset-block-start:12px;inset-inline-end:12px;width:36px;height:36px;display:grid;place-items:center;border:0;border-radius:50%;background:none;color:var(--m)}
.x:hover{background:var(--tint);color:var(--t)}
.x svg{width:18px;height:18px;stroke-width:2}
.state{font-size:14px;color:var(--m)}
.state:empty{display:none}
.foot{font-size:13px;margin-inline-start:auto}
.foot a{color:var(--m)}
.never{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.hear{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
:focus-visible{outline:3px solid var(--a);outline-offset:2px}
@container (max-width:345px){.nps .scale{grid-auto-flow:row;grid-template-columns:repeat(6,1fr)}}
@media (max-width:480px){.popover{inset-inline:0;inset-block-end:0;width:100%;border-radius:calc(var(--r) + 4px) calc(var(--r) + 4px) 0 0;border-inline:0;border-block-end:0}}
@media (prefers-reduced-motion:no-preference){.popover{animation:rise .22s cubic-bezier(.2,.8,.3,1)}.next{animation:rise .18s ease-out}@keyframes rise{from{opacity:0;transform:translateY(12px)}}}
@media (forced-colors:active){.scale button[aria-checked=true]{outline:3px solid Highlight}.stars .on svg{fill:Highlight}}
`;
  let sheet;
  const dress = (root) => {
    if (!sheet) {
      sheet = new CSSStyleSheet(); // no inline style: a strict policy on styles stays content
      sheet.replaceSync(CSS);
    }
    root.adoptedStyleSheets = [sheet];
  };
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const uuid = () => crypto.randomUUID?.() || Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');

  // ---- one survey on the page
  class Survey {
    constructor(asked, options, host) {
      const { texts, language, direction, metric } = asked;
      Object.assign(this, { asked, options, host, texts, id: uuid(), score: null, shown: Date.now() });
      this.popover = options.mode === 'popover';
      this.root = host.shadowRoot || host.attachShadow({ mode: 'open' });
      dress(this.root);
      this.question = h('h2', { id: 'q', tabindex: '-1' }, texts.question);
      this.state = h('p', { class: 'state', role: 'status' });
      this.hear = h('div', { class: 'hear', role: 'status' });
      this.trap = h('input', { name: 'website', tabindex: '-1', autocomplete: 'off', 'aria-hidden': 'true' });
      this.main = h('div', {});
      this.card = h('section', { class: `card ${metric} ${this.popover ? 'popover' : ''}`, lang: language, dir: direction, 'aria-label': this.popover ? texts.region : texts.question, role: this.popover ? 'dialog' : 'region' },
        this.main, this.state, this.hear, h('div', { class: 'never', 'aria-hidden': 'true' }, this.trap),
        this.popover && h('button', { type: 'button', class: 'x', 'aria-label': texts.close, onclick: () => this.close() }, icon(CROSS)));
      this.root.replaceChildren(this.card);
      this.theme = () => {
        const wanted = options.theme || 'auto';
        const night = wanted === 'dark' || (wanted === 'auto' && dark.matches);
        this.card.classList.toggle('dark', night);
        this.card.classList.toggle('light', !night);
      };
      this.theme();
      dark.addEventListener('change', this.theme);
      this.card.addEventListener('keydown', (event) => {
        if (event.key === 'Escape' && this.popover) {
          event.stopPropagation();
          this.close();
        }
      });
      // The second half of a double click would land on what has just appeared.
      this.card.addEventListener('click', (event) => {
        if (event.detail > 1) {
          event.preventDefault();
          event.stopPropagation();
        }
      }, true);
      this.own = h('p', { class: 'foot' });
      watching.set(this.id, (what, detail) => this.heard(what, detail));
      this.ask();
      if (options.score != null && options.score !== '') this.choose(Number(options.score), true);
    }

    emit(name, detail = {}) {
      const about = { survey: this.asked.survey, id: this.id, ...detail };
      this.host.dispatchEvent(new CustomEvent('ringback:' + name, { bubbles: true, composed: true, detail: about }));
    }

    // Said to who listens instead of looking.
    say(text) {
      this.hear.textContent = '';
      setTimeout(() => { this.hear.textContent = text; }, 60);
    }

    ask() {
      const { asked, texts } = this;
      const { metric, min, max } = asked;
      const button = (score) => {
        const end = score === min ? texts.low : score === max ? texts.high : '';
        const of = texts.of.replace('{n}', score).replace('{max}', max);
        const face = { stars: () => [icon(STAR)], thumbs: () => [icon(score ? UP : DOWN), end] }[metric]?.() || [String(score)];
        const name = metric === 'thumbs' ? null : [of, end].filter(Boolean).join(', ');
        return h('button', { type: 'button', role: 'radio', 'aria-checked': 'false', 'aria-label': name, tabindex: score === min ? '0' : '-1', onclick: () => this.choose(score) }, ...face);
      };
      this.buttons = Array.from({ length: max - min + 1 }, (_, i) => button(min + i));
      const scale = h('div', { class: 'scale', role: 'radiogroup', 'aria-labelledby': 'q' }, ...this.buttons);
      scale.addEventListener('keydown', (event) => this.steer(event));
      const later = this.popover && h('div', { class: 'row' }, h('button', { type: 'button', class: 'plain', onclick: () => this.later() }, texts.later), this.privacy());
      this.after = h('div', {}, later || '');
      this.main.replaceChildren(this.question, scale, h('div', { class: 'ends', 'aria-hidden': 'true' }, h('span', {}, texts.low), h('span', {}, texts.high)), this.after);
    }

    privacy() {
      const { privacy_url: href } = this.asked;
      return href && h('span', { class: 'foot' }, h('a', { href, target: '_blank', rel: 'noopener' }, this.texts.privacy));
    }

    // Arrows move between the scores without choosing: a score that is passed over is no answer.
    steer(event) {
      const { buttons } = this;
      const at = buttons.indexOf(this.root.activeElement);
      const forward = this.asked.direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
      const back = this.asked.direction === 'rtl' ? 'ArrowRight' : 'ArrowLeft';
      const digit = /^\d$/.test(event.key) ? Number(event.key) - this.asked.min : -1;
      const to = { [forward]: at + 1, ArrowDown: at + 1, [back]: at - 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key] ?? digit;
      if (at < 0 || event.ctrlKey || event.metaKey || event.altKey || !buttons[to]) return;
      event.preventDefault();
      this.rove(to).focus();
    }

    rove(to) {
      this.buttons.forEach((button, i) => button.setAttribute('tabindex', i === to ? '0' : '-1'));
      return this.buttons[to];
    }

    choose(score, quietly) {
      const { min, max, low, high } = this.asked;
      if (this.score === score || !(score >= min && score <= max && score === Math.floor(score))) return;
      this.score = score;
      this.band = score <= low ? 0 : score >= high ? 2 : 1;
      this.rove(score - min);
      this.buttons.forEach((button, i) => {
        button.setAttribute('aria-checked', String(i + min === score));
        button.classList.toggle('on', i + min <= score);
      });
      if (quietly) return; // chosen by a link: it counts when it is confirmed
      remember((m) => { m.answered = Date.now(); });
      this.emit('answered', { score, band: ['low', 'middle', 'high'][this.band] });
      this.post();
      this.further();
    }

    post(more = {}) {
      const { options, asked } = this;
      const optional = {};
      for (const name of ['country', 'segment', 'touchpoint', 'identity', 'answers']) if (options[name]) optional[name] = options[name];
      this.said = { ...this.said, ...more };
      const body = { id: this.id, score: this.score, locale: asked.language, channel: options.channel || 'web', ...optional, ...this.said };
      if (this.trap.value) body.website = this.trap.value;
      put({ survey: asked.survey, body, at: Date.now(), shown: this.shown, minimum: asked.minimum_ms });
    }

    heard(what, detail) {
      const { texts } = this;
      if (what === 'own') { // the link to this answer: nobody else's page gets to know it
        this.own.replaceChildren(h('a', { href: detail, target: '_blank', rel: 'noopener noreferrer' }, texts.own));
        return;
      }
      this.state.textContent = what === 'kept' ? texts.kept : what === 'refused' ? texts.refused : this.done ? '' : texts.taken;
      this.emit(what, detail);
    }

    // The question that the score calls for. What is written stays when the score is changed.
    further() {
      const { texts, asked, band } = this;
      const follow = texts['follow_' + ['low', 'middle', 'high'][band]];
      if (this.comment) {
        this.follow.textContent = follow;
      } else {
        this.follow = h('span', {}, follow);
        this.comment = h('textarea', { id: 'c', rows: '3', maxlength: '10000', dir: 'auto' });
        this.way = h('div', {});
        this.after.replaceChildren(h('div', { class: 'next' },
          h('label', { for: 'c' }, this.follow, ' ', h('span', { class: 'opt' }, `(${texts.optional})`)),
          this.comment, this.way,
          h('div', { class: 'row' },
            h('button', { type: 'button', class: 'act', onclick: () => this.finish() }, texts.send), this.privacy())));
      }
      if (!asked.contact?.bands.includes(band)) {
        this.way.replaceChildren();
        this.contact = null;
      } else if (!this.contact) {
        this.askContact(asked.contact);
      }
      this.say(follow);
    }

    askContact({ channel }) {
      const { texts } = this;
      const choice = (value) => h('input', { type: 'radio', name: 'contact', value });
      const [yes, no] = [choice('yes'), choice('no')];
      const kind = channel === 'phone' ? 'tel' : 'email';
      const address = h('input', { class: 'text', id: 'a', type: kind, autocomplete: kind, dir: 'ltr', maxlength: channel === 'phone' ? '40' : '254', 'aria-describedby': 'w' });
      const wrong = h('p', { class: 'bad', id: 'w', role: 'alert' });
      const typed = h('div', { hidden: true, class: 'typed' }, h('label', { for: 'a' }, texts[channel]), address, wrong);
      this.contact = { channel, yes, no, address, wrong };
      const show = () => { typed.hidden = !yes.checked || !!this.options.identity; };
      yes.addEventListener('change', show);
      no.addEventListener('change', show);
      this.way.replaceChildren(h('fieldset', {}, h('legend', {}, texts.contact),
        h('label', { class: 'way' }, yes, texts.yes), h('label', { class: 'way' }, no, texts.no), typed));
    }

    consent() {
      const { contact, asked } = this;
      if (!contact || !(contact.yes.checked || contact.no.checked)) return {};
      const granted = contact.yes.checked;
      const address = contact.address.value.trim();
      const consent = { granted, wording: asked.contact.wording };
      if (granted && address) consent[contact.channel] = address;
      return { consent };
    }

    finish() {
      const { contact, texts, options } = this;
      if (contact?.yes.checked && !options.identity) {
        const ok = contact.channel === 'phone' ? /\d{5}/.test(contact.address.value.replace(/\D/g, '')) : /^[^\s@,;<>"]+@[^\s@]+\.[^\s@]+$/.test(contact.address.value.trim());
        contact.wrong.textContent = ok ? '' : texts[contact.channel + '_wrong'];
        contact.address.setAttribute('aria-invalid', String(!ok));
        if (!ok) return contact.address.focus();
      }
      const comment = this.comment.value.trim();
      const consent = this.consent();
      this.thank();
      if (comment || consent.consent) {
        this.emit('commented', { comment: !!comment, consent: consent.consent?.granted ?? null });
        this.post({ ...(comment && { comment }), ...consent });
      }
    }

    thank() {
      const { texts, asked, band } = this;
      this.done = true;
      this.state.textContent = '';
      const next = band === 2 && asked.next_url && h('div', { class: 'row' }, h('a', { class: 'act', href: asked.next_url, target: '_blank', rel: 'noopener' }, texts.next));
      this.question = h('h2', { tabindex: '-1' }, texts.thanks);
      this.main.replaceChildren(this.question, h('p', {}, texts['thanks_' + ['low', 'middle', 'high'][band]]), next || '', this.own);
      this.question.focus(); // the button that was pressed is gone
    }

    later() {
      remember((m) => { m.later = Date.now(); });
      this.emit('later');
      this.close();
    }

    close() {
      if (this.score === null) remember((m) => { m.later ||= Date.now(); });
      dark.removeEventListener('change', this.theme);
      const inside = document.activeElement === this.host;
      this.emit('closed');
      this.host.remove();
      if (showing === this) showing = null;
      if (inside) this.options.opener?.focus?.();
    }
  }

  // ---- when to ask
  const load = async (options, tries = 0) => {
    const lang = options.lang || document.documentElement.lang || navigator.languages?.join(',') || '';
    const query = new URLSearchParams({ key, lang });
    if (options.country) query.set('country', options.country);
    const answer = await fetch(`${base}/v1/surveys/${encodeURIComponent(options.survey)}?${query}`, { credentials: 'omit' }).catch(() => null);
    if (answer?.ok) return answer.json();
    if ((!answer || answer.status >= 500) && tries < 3) {
      await new Promise((resolve) => { setTimeout(resolve, 1e3 * 4 ** tries); });
      return load(options, tries + 1);
    }
    const problem = await answer?.json().catch(() => null);
    throw new Error(problem?.detail || 'the survey could not be loaded');
  };

  // Why somebody is not asked now; nothing when they are.
  const held = (asked) => {
    const { answered, later, dice } = memory();
    const within = (since, seconds) => since && Date.now() < since + seconds * 1e3;
    if (within(answered, asked.quarantine_s)) return 'answered';
    if (within(later, asked.snooze_s)) return 'later';
    if (asked.sample >= 1) return null;
    const drawn = dice ?? Math.random();
    if (dice === undefined) remember((m) => { m.dice = drawn; });
    return drawn < asked.sample ? null : 'sample';
  };

  let showing = null;
  let token;
  const settings = ({ survey, lang, theme, country, segment, touchpoint, channel, identity }) => ({ survey, lang, theme, country, segment, touchpoint, channel, identity });
  const say = (on, name, detail) => on.dispatchEvent(new CustomEvent('ringback:' + name, { bubbles: true, composed: true, detail }));

  const show = async (given, into) => {
    const options = { ...settings(script.dataset), identity: token || script.dataset.identity, ...given };
    options.mode = into ? 'inline' : 'popover';
    const place = into || document;
    try {
      const asked = await load(options);
      const reason = options.force === true || options.force === '' ? null : held(asked);
      if (reason) {
        say(place, 'skipped', { survey: options.survey, reason });
        return null;
      }
      if (!into) showing?.close();
      const host = into || document.body.appendChild(document.createElement('div'));
      const survey = new Survey(asked, options, host);
      if (!into) showing = survey;
      survey.emit('shown');
      if (!into && given.focus !== false) (survey.buttons[0]).focus();
      else if (!into) survey.say(asked.texts.question);
      return { id: survey.id, close: () => survey.close() };
    } catch (error) {
      console.warn('ringback: ' + error.message);
      say(place, 'failed', { survey: options.survey, reason: error.message });
      return null;
    }
  };

  const open = (options = {}) => show({ opener: document.activeElement, ...options });
  const scan = (within = document) => {
    for (const place of within.querySelectorAll('[data-ringback]')) {
      if (place.shadowRoot || place.ringback) continue;
      place.ringback = true; // once, also while it loads
      show({ ...place.dataset, survey: place.dataset.ringback }, place);
    }
  };
  const start = () => {
    scan();
    const { survey, delay, opens } = script.dataset;
    if (opens) {
      document.addEventListener('click', (event) => {
        if (event.target.closest?.(opens)) open({ force: true });
      });
    } else if (survey) {
      setTimeout(() => show({ focus: false }), Number(delay) || 0);
    }
    for (const options of Array.isArray(before) ? before : []) open(options);
    sendAll(); // what an earlier page could not send
    say(document, 'ready', { version: 1 });
  };

  window.ringback = { version: 1, open, push: open, scan, close: () => showing?.close(), identify: (signed) => { token = signed; } };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start);
  else start();
})();
