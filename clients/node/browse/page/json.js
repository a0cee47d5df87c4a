// JSON as it is stored: numbers keep all of their digits, and objects the order and the repeated
// keys that they have. A value is { kind, … }: text that is shown, never code or HTML.

const DEEPEST = 200;

/** Parses a text, or returns undefined if it is not JSON, or is nested too deeply to be shown. */
export function parseJson(text) {
  let at = 0;

  const space = () => {
    while (at < text.length && ' \t\n\r'.includes(text[at])) at++;
  };
  const fail = () => {
    throw new SyntaxError('not JSON');
  };
  const string = () => {
    const start = at++;
    while (text[at] !== '"') {
      if (at >= text.length) fail();
      at += text[at] === '\\' ? 2 : 1;
    }
    at++;
    return JSON.parse(text.slice(start, at));
  };
  const value = (depth) => {
    if (depth > DEEPEST) fail();
    space();
    const character = text[at];
    if (character === '{') {
      const entries = [];
      at++;
      space();
      if (text[at] === '}') {
        at++;
        return { kind: 'object', entries };
      }
      for (;;) {
        space();
        if (text[at] !== '"') fail();
        const name = string();
        space();
        if (text[at++] !== ':') fail();
        entries.push([name, value(depth + 1)]);
        space();
        const next = text[at++];
        if (next === '}') return { kind: 'object', entries };
        if (next !== ',') fail();
      }
    }
    if (character === '[') {
      const items = [];
      at++;
      space();
      if (text[at] === ']') {
        at++;
        return { kind: 'array', items };
      }
      for (;;) {
        items.push(value(depth + 1));
        space();
        const next = text[at++];
        if (next === ']') return { kind: 'array', items };
        if (next !== ',') fail();
      }
    }
    if (character === '"') return { kind: 'string', value: string() };
    const word = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/.exec(text.slice(at, at + 4000))?.[0];
    if (word === undefined) fail();
    at += word.length;
    return { kind: /^[tfn]/.test(word) ? 'word' : 'number', text: word };
  };

  try {
    const parsed = value(0);
    space();
    return at === text.length ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** A value on one line. */
export function compact(value) {
  switch (value.kind) {
    case 'object': return `{${value.entries.map(([name, one]) => `${JSON.stringify(name)}: ${compact(one)}`).join(', ')}}`;
    case 'array': return `[${value.items.map(compact).join(', ')}]`;
    case 'string': return JSON.stringify(value.value);
    default: return value.text;
  }
}

/** Whether two values say the same. The order of keys says nothing. */
export function same(a, b) {
  return canonical(a) === canonical(b);
}

function canonical(value) {
  switch (value.kind) {
    case 'object': {
      // of a key that is repeated, the last one counts
      const last = new Map(value.entries);
      return `{${[...last.keys()].sort().map((name) => `${JSON.stringify(name)}:${canonical(last.get(name))}`).join(',')}}`;
    }
    case 'array': return `[${value.items.map(canonical).join(',')}]`;
    case 'string': return JSON.stringify(value.value);
    default: return value.text;
  }
}

/**
 * The lines of a value: { depth, mark, parts, comma }, where a part is [class, text]. With a value to compare with,
 * mark is '+' for what is new, '-' for what is gone, and both of them for what has changed.
 */
export function lines(value, before) {
  const out = [];
  const scalar = (one) => (one.kind === 'string' ? ['string', JSON.stringify(one.value)] : [one.kind, one.text]);
  const push = (depth, mark, parts, comma = '') => out.push({ depth, mark, parts: comma ? [...parts, ['mark', comma]] : parts });

  const whole = (one, depth, mark, label, comma) => {
    const children = one.kind === 'object' ? one.entries : one.kind === 'array' ? one.items.map((item) => [null, item]) : null;
    const [open, close] = one.kind === 'object' ? '{}' : '[]';
    if (children === null) {
      push(depth, mark, [...label, scalar(one)], comma);
    } else if (children.length === 0) {
      push(depth, mark, [...label, ['mark', open + close]], comma);
    } else {
      push(depth, mark, [...label, ['mark', open]]);
      children.forEach(([name, child], i) => whole(child, depth + 1, mark, labelOf(name), i < children.length - 1 ? ',' : ''));
      push(depth, mark, [['mark', close]], comma);
    }
  };
  const compare = (one, old, depth, label, comma) => {
    if (same(one, old)) {
      whole(one, depth, ' ', label, comma);
    } else if (one.kind === 'object' && old.kind === 'object') {
      const last = new Map(old.entries);
      const names = new Set(one.entries.map(([name]) => name));
      push(depth, ' ', [...label, ['mark', '{']]);
      one.entries.forEach(([name, child], i) => {
        const end = i < one.entries.length - 1 ? ',' : '';
        if (last.has(name)) compare(child, last.get(name), depth + 1, labelOf(name), end);
        else whole(child, depth + 1, '+', labelOf(name), end);
      });
      old.entries.filter(([name]) => !names.has(name)).forEach(([name, child]) => whole(child, depth + 1, '-', labelOf(name), ''));
      push(depth, ' ', [['mark', '}']], comma);
    } else if (one.kind === 'array' && old.kind === 'array') {
      push(depth, ' ', [...label, ['mark', '[']]);
      for (let i = 0; i < Math.max(one.items.length, old.items.length); i++) {
        const end = i < one.items.length - 1 ? ',' : '';
        if (i >= one.items.length) whole(old.items[i], depth + 1, '-', [], '');
        else if (i >= old.items.length) whole(one.items[i], depth + 1, '+', [], end);
        else compare(one.items[i], old.items[i], depth + 1, [], end);
      }
      push(depth, ' ', [['mark', ']']], comma);
    } else {
      whole(old, depth, '-', label, comma);
      whole(one, depth, '+', label, comma);
    }
  };

  if (before === undefined) whole(value, 0, ' ', [], '');
  else compare(value, before, 0, [], '');
  return out;
}

function labelOf(name) {
  return name === null ? [] : [['name', JSON.stringify(name)], ['mark', ': ']];
}
