/** Where the models lie, and the list of them. */

import { KindError } from './protocol.js';

/** @import { CatalogRow } from './protocol.js' */

/** Where the weights and what belongs to them lie; the built site has them beside the page. */
export function modelsFolder() {
  return new URL(import.meta.env?.DEV ? 'www/models/' : 'models/', document.baseURI).href;
}

/** @returns {Promise<CatalogRow[]>} */
export async function fetchCatalog() {
  const address = new URL('catalog.json', modelsFolder());
  let response;
  try {
    // it tells which versions of the weights there are; the server says whether the browser's copy is still the newest
    response = await fetch(address, { cache: 'no-cache' });
  } catch {
    throw new KindError('network', address.href);
  }
  if (!response.ok) throw new KindError('network', `${address.href} (${response.status})`);
  return (await response.json()).models;
}
