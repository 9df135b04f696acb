import { ISpan } from './layout';
import { CellValue } from './types';

/** Rows of a tile. */
export const TILE_ROWS = 128;
/** Columns of a tile, where a table has many. */
export const TILE_COLUMNS = 24;
/** Tables of up to so many columns are read whole rows at a time. */
const FEW_COLUMNS = 48;

/** Values that are kept; at about 30 bytes each some 10 MB. */
export const MOST_CELLS = 300_000;

/** A rectangle of tiles. */
export interface ITileArea {
  readonly rows: ISpan;
  readonly columns: ISpan;
}

/** A piece of the table: for each of its columns, the values of its rows. */
export type Tile = readonly (readonly CellValue[])[];

/**
 * The parts of a table that were read, as tiles of some rows and columns; those that were not used
 * for longest are forgotten beyond a number of values.
 */
export class TileCache {
  constructor(
    readonly columns: number,
    private readonly _mostCells = MOST_CELLS
  ) {
    this.width = columns <= FEW_COLUMNS ? Math.max(1, columns) : TILE_COLUMNS;
    this._across = Math.max(1, Math.ceil(columns / this.width));
  }

  /** Columns of a tile. */
  readonly width: number;

  /** Values that are kept now. */
  get cells(): number {
    return this._cells;
  }

  /** A value; undefined where it was not read. */
  value(row: number, column: number): CellValue | undefined {
    const [down, along] = [Math.floor(row / TILE_ROWS), Math.floor(column / this.width)];
    const tile = this._tiles.get(down * this._across + along);
    return tile?.[column - along * this.width]?.[row - down * TILE_ROWS];
  }

  /** The tiles that rows and columns touch. */
  area(rows: ISpan, columns: ISpan): ITileArea {
    return { rows: parts(rows, TILE_ROWS), columns: parts(columns, this.width) };
  }

  /** Names of an area's tiles. */
  keys(area: ITileArea): number[] {
    const found: number[] = [];
    for (let down = area.rows.first; down < area.rows.end; down++) {
      for (let along = area.columns.first; along < area.columns.end; along++) {
        found.push(down * this._across + along);
      }
    }
    return found;
  }

  /** The least area with all tiles of these names. */
  around(keys: readonly number[]): ITileArea {
    const down = keys.map(key => Math.floor(key / this._across));
    const along = keys.map(key => key % this._across);
    return {
      rows: { first: Math.min(...down), end: Math.max(...down) + 1 },
      columns: { first: Math.min(...along), end: Math.max(...along) + 1 }
    };
  }

  has(key: number): boolean {
    return this._tiles.has(key);
  }

  /** Mark tiles as used just now. */
  touch(keys: readonly number[]): void {
    for (const key of keys) {
      const tile = this._tiles.get(key);
      if (tile) {
        this._tiles.delete(key);
        this._tiles.set(key, tile);
      }
    }
  }

  /** Keep what was read of an area: all of its columns, from its first row. */
  put(area: ITileArea, data: Tile): void {
    for (let along = area.columns.first; along < area.columns.end; along++) {
      const from = (along - area.columns.first) * this.width;
      const columns = data.slice(from, from + this.width);
      for (let down = area.rows.first; down < area.rows.end; down++) {
        const start = (down - area.rows.first) * TILE_ROWS;
        this._keep(
          down * this._across + along,
          columns.map(values => values.slice(start, start + TILE_ROWS))
        );
      }
    }
    this._forget();
  }

  /** First row and number of rows, first column and one past the last, of an area. */
  extent(area: ITileArea): { offset: number; limit: number; columns: ISpan } {
    return {
      offset: area.rows.first * TILE_ROWS,
      limit: (area.rows.end - area.rows.first) * TILE_ROWS,
      columns: {
        first: area.columns.first * this.width,
        end: Math.min(this.columns, area.columns.end * this.width)
      }
    };
  }

  private _keep(key: number, tile: Tile): void {
    const old = this._tiles.get(key);
    if (old) {
      this._cells -= size(old);
      this._tiles.delete(key);
    }
    this._tiles.set(key, tile);
    this._cells += size(tile);
  }

  private _forget(): void {
    for (const [key, tile] of this._tiles) {
      if (this._cells <= this._mostCells || this._tiles.size === 1) {
        return;
      }
      this._tiles.delete(key);
      this._cells -= size(tile);
    }
  }

  private readonly _across: number;
  private readonly _tiles = new Map<number, Tile>();
  private _cells = 0;
}

function size(tile: Tile): number {
  return tile.length * (tile[0]?.length ?? 0);
}

function parts(span: ISpan, length: number): ISpan {
  return { first: Math.floor(span.first / length), end: Math.ceil(span.end / length) };
}
