import type { WireSession } from '../../wire.ts';
import { requestLogin } from '../api.ts';
import { h } from '../dom.ts';

/** The form that asks for a password; calls `onEnter` when it was right. */
export function loginPage(onEnter: (session: WireSession) => void): HTMLElement {
  const password = h('input', {
    id: 'password',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
    'aria-describedby': 'login-error',
  });
  const button = h('button', { type: 'submit', class: 'primary' }, 'Log in');
  const error = h('p', { id: 'login-error', class: 'error', role: 'alert' });
  const enter = async () => {
    button.disabled = true;
    error.textContent = '';
    try {
      onEnter(await requestLogin(password.value));
    } catch (cause) {
      error.textContent = cause instanceof Error ? cause.message : String(cause);
      password.select();
    } finally {
      button.disabled = false;
    }
  };
  const form = h(
    'form',
    {
      class: 'login',
      onsubmit: (event: Event) => {
        event.preventDefault();
        void enter();
      },
    },
    h('h1', {}, 'umlweb'),
    h('p', { class: 'quiet' }, 'Virtual machines'),
    // Password managers keep a name with each password.
    h('input', {
      type: 'text',
      autocomplete: 'username',
      value: 'umlmon',
      hidden: true,
      'aria-hidden': 'true',
    }),
    h('label', { for: 'password' }, 'Password'),
    password,
    button,
    error,
  );
  setTimeout(() => password.focus());
  return h('main', { class: 'login-page' }, form);
}
