import type { WireFailure, WireSession } from '../wire.ts';

/** An error that umlweb or a monitor has returned. */
export class ApiError extends Error {
  readonly status: number;
  readonly why: WireFailure;

  constructor(status: number, why: WireFailure) {
    super([why.place, why.cause].filter(Boolean).join(': ') + (why.hint ? ` (${why.hint})` : ''));
    this.status = status;
    this.why = why;
  }
}

let session: WireSession | undefined;
let onLoggedOut: () => void = () => undefined;

/** Calls `listener` when the session has ended. */
export function whenLoggedOut(listener: () => void): void {
  onLoggedOut = listener;
}

/** The session; undefined if not logged in. */
export async function loadSession(): Promise<WireSession | undefined> {
  try {
    session = (await request('GET', 'api/session')) as WireSession;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    session = undefined;
  }
  return session;
}

/** Errors: ApiError 401 if the password is wrong, 429 after too many of them. */
export async function requestLogin(password: string): Promise<WireSession> {
  session = (await request('POST', 'api/session', { password })) as WireSession;
  return session;
}

export async function logOut(): Promise<void> {
  await request('DELETE', 'api/session');
  onLoggedOut();
}

/** Asks for something of a VM. Errors: ApiError. */
export async function fetchVm<T>(vm: string, page: string, query: Record<string, string> = {}): Promise<T> {
  const words = new URLSearchParams(query).toString();
  return (await inSession('GET', `api/vms/${vm}/${page}${words && `?${words}`}`)) as T;
}

/** Runs an action on a VM; resolves to a line for users when it is finished. Errors: ApiError. */
export async function changeVm(vm: string, action: string): Promise<string> {
  let answer = (await inSession('POST', `api/vms/${vm}/${action}`)) as AnswerOrLate;
  while ('late' in answer) answer = (await inSession('GET', `api/late/${answer.late}`)) as AnswerOrLate;
  return answer.text;
}

/** What was done, or not yet: then it is asked for again by its number. */
type AnswerOrLate = { readonly text: string } | { readonly late: number };

/** Whether the session still is; if not, the listener is called. */
export async function checkSession(): Promise<void> {
  if (!(await loadSession())) onLoggedOut();
}

async function inSession(method: string, path: string): Promise<unknown> {
  try {
    return await request(method, path);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) onLoggedOut();
    throw error;
  }
}

async function request(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(path, {
    method,
    headers: {
      ...(session ? { 'x-umlweb-token': session.token } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer;
  const nothing = {
    code: '',
    place: '',
    cause: `umlweb responded with HTTP status ${response.status}`,
    hint: '',
  };
  throw new ApiError(response.status, (answer as WireFailure | undefined) ?? nothing);
}
