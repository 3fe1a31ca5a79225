// What the environment says. A script gives the defaults that are its own; all of them are listed in
// docs/load-testing.md.

export function text(name, fallback) {
  return __ENV[name] || fallback;
}

export function number(name, fallback) {
  const value = Number(__ENV[name] || fallback);
  if (!(value > 0)) {
    throw new Error(`${name} must be a number above 0`);
  }
  return value;
}

// "90s", "5m", "1h30m" or a number of seconds.
export function seconds(name, fallback) {
  const value = __ENV[name] || fallback;
  const [, hours, minutes, rest] =
    /^(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s?)?$/.exec(value) || [];
  const total = 3600 * (hours || 0) + 60 * (minutes || 0) + Number(rest || 0);
  if (!(total > 0)) {
    throw new Error(`${name} must be a time such as 90s, 5m or 1h30m`);
  }
  return total;
}

export function oneOf(name, ...allowed) {
  const value = __ENV[name] || allowed[0];
  if (!allowed.includes(value)) {
    throw new Error(`${name} must be one of ${allowed.join(', ')}`);
  }
  return value;
}

export const baseUrl = text('BASE_URL', 'http://localhost:8080').replace(/\/+$/, '');
export const products = Math.floor(number('PRODUCTS', 1000));
export const popularity = oneOf('POPULARITY', 'zipf', 'uniform');
export const p95Ms = number('P95_MS', 50);
export const p99Ms = number('P99_MS', 100);
export const retries = Number(oneOf('RETRIES', '2', '0', '1', '3', '4', '5'));
