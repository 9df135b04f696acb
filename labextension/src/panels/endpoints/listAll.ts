/** No chooser is useful with more entries than ten pages hold. */
const MOST_PAGES = 10;

/** All pages of a list, for a chooser. */
export async function listAll<P extends { NextToken?: string }>(
  read: (token: string | undefined) => Promise<P>
): Promise<P[]> {
  const pages: P[] = [];
  let token: string | undefined;
  do {
    const page = await read(token);
    pages.push(page);
    token = page.NextToken;
  } while (token && pages.length < MOST_PAGES);
  return pages;
}
