/* Addresses of photos. */

/* The scheme, in small letters; '' where there is none: a host with a port is no scheme. */
export function schemeOf(url) {
  if (/^([a-z][a-z0-9-]*\.[a-z0-9.-]*|localhost):[0-9]{1,5}([/?#]|$)/i.test(url)) return ''
  return /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1].toLowerCase() ?? ''
}
