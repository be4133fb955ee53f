/**
 * Columns that a table has to do without to be no wider than there is room for.
 *
 * @param limit characters
 * @param spare columns that may go, the first first
 * @param widthWithout characters of the table without some columns
 */
export function columnsToDrop(
  limit: number,
  spare: readonly string[],
  widthWithout: (gone: readonly string[]) => number,
): readonly string[] {
  const fitting = spare.findIndex((_, count) => widthWithout(spare.slice(0, count)) <= limit)
  return fitting < 0 ? spare : spare.slice(0, fitting)
}
