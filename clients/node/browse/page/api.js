// Asking the server. The key comes with the address that the program prints, and is kept for the
// other tabs of this address, so that links work.

const STORED = 'angzarr-key';

export class Failure extends Error {
  constructor(message, { hint, status } = {}) {
    super(message);
    this.hint = hint;
    this.status = status;
  }
}

/** Takes the key out of the address, so that it is in no link. */
export function takeKey() {
  const match = /^#key=([0-9a-f]+)(?:&(.*))?$/.exec(location.hash);
  if (match) {
    localStorage.setItem(STORED, match[1]);
    history.replaceState(null, '', match[2] ? `#/${match[2]}` : '#/');
  }
}

export async function ask(name, parameters = {}) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null));
  let response;

  try {
    response = await fetch(`/api/${name}?${query}`, { headers: { 'X-Angzarr-Key': localStorage.getItem(STORED) ?? '' } });
  } catch {
    throw new Failure('The program that shows this page has ended.', { hint: 'Start it again, and open the address that it prints.' });
  }
  const body = await response.json().catch(() => ({ error: 'the answer cannot be read' }));
  if (!response.ok) {
    throw new Failure(body.error ?? `status ${response.status}`, { hint: body.hint, status: response.status });
  }
  return body;
}
