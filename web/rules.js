/* What the service accepts (src/rules/), so that the page can say so before it sends. Lengths are in
 * code points. */
import { schemeOf } from './address.js'

export const limits = { body: 1000, name: 60, email: 254, photoUrl: 2048, photos: 10 }

export const characters = text => [...text].length

export const isFilled = (text, most) => !/^\p{White_Space}*$/u.test(text) && characters(text) <= most

export const isEmail = text =>
  /^[^@\p{White_Space}]+@[^@\p{White_Space}]+$/u.test(text) && characters(text) <= limits.email

export const isPhotoUrl = url =>
  url !== '' && characters(url) <= limits.photoUrl && !/[\p{White_Space}\p{Cc}]/u.test(url) &&
  ['', 'http', 'https'].includes(schemeOf(url))
