/**
 * What people try first: defaults of servers, the original's secrets, and the words of examples, ours too. Letters and digits only.
 * Longer ones come before those that they contain.
 */
const guesses = [
  ...['correcthorsebatterystaple', 'administrator', 'characters', 'production', 'soundlift', 'changeit', 'password'],
  ...['passwort', 'passw0rd', 'pssw0rd', 'pssword', 'replace', 'default', 'example', 'letmein', 'welcome', 'sarcasm'],
  ...['rabbitmq', 'mongodb', 'mariadb', 'signing', 'secret', 's3cret', 'change', 'insert', 'random', 'string'],
  ...['please', 'rabbit', 'mongo', 'mysql', 'admin', 'guest', 'super', 'token', 'here', 'auth', 'root', 'toor'],
  ...['user', 'test', 'pass', 'long', 'very', 'your', 'demo', 'key', 'jwt', 'dev', 'me', 'my', 'to', 'of'],
  ...[
    'qwertyuiop',
    'qwerty',
    'asdfgh',
    '0123456789',
    '1234567890',
    '12345678',
    '123456',
    '1234',
    '123',
    'abcdef',
    'abc',
  ],
];
const guess = new RegExp(guesses.join('|'), 'g');
/** What is repeated may be this long to be noticed. */
const maxRepeated = 15;
/** With fewer different letters and digits left, the rest can be guessed too. */
const minDifferent = 5;

/** Whether a password or key is made of what people try first, such as `admin123` and `change-me-please`, or of one thing again and again. */
export function isWellKnown(secret: string): boolean {
  const letters = secret.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
  return isRepetition(secret) || new Set(letters.replaceAll(guess, '')).size < minDifferent;
}

/** What repeats every few characters begins with itself without those. */
function isRepetition(secret: string): boolean {
  const most = Math.min(maxRepeated, Math.floor(secret.length / 2));
  return Array.from({ length: most }, (_, index) => index + 1).some((period) =>
    secret.startsWith(secret.slice(period)),
  );
}
