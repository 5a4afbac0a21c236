// SPDX-License-Identifier: MIT
// layout.js - rows of equal height, from the sizes of images alone; nothing of it touches the document.

export const GAP = 6;
const HEADING = 52;
const PER_ROW_MIN = 0.45, PER_ROW_MAX = 3; // a panorama is cut at the sides rather than making its row flat

/** The height of a row that suits a width in CSS pixels: two or three photographs a row on a telephone. */
export const rowHeight = (width) => Math.round(Math.min(264, Math.max(116, 92 + width * 0.092)));

export function aspectOf(entry) {
  const aspect = entry.width > 0 && entry.height > 0 ? entry.width / entry.height : 1;
  return Math.min(PER_ROW_MAX, Math.max(PER_ROW_MIN, aspect));
}

/**
 * Lays entries out as they arrive. An entry with another `group` than the one before begins a heading. `rows` are
 * {top, height, start, end, heading?}: images start <= i < end, or a heading of the group.
 */
export class Layout {
  constructor(width) {
    this.width = Math.max(1, width);
    this.target = rowHeight(width);
    this.rows = [];
    this.height = 0;
    this.next = 0; // the first entry that is in no row yet
  }

  push(row) {
    row.top = this.height;
    this.rows.push(row);
    this.height += row.height + GAP;
  }

  /** The height that makes the images start to end fill the width. */
  heightFor(sum, count) {
    return (this.width - GAP * (count - 1)) / sum;
  }

  /** Lay out `entries` from where the last call ended; `last`: no more will come, so an unfinished row is laid out too. */
  extend(entries, last) {
    let start = this.next, sum = 0;
    for (let index = start; index < entries.length; index++) {
      const group = entries[index].group;
      if (index === start && group !== undefined && group !== entries[index - 1]?.group) {
        this.push({ heading: group, height: HEADING, start: index, end: index });
      }
      const aspect = aspectOf(entries[index]);
      const count = index - start + 1;
      sum += aspect;
      const ends = group !== entries[index + 1]?.group && (index + 1 < entries.length || last);
      if (this.heightFor(sum, count) <= this.target) {
        // with this image the row is lower than wanted, without it higher: whichever is nearer
        const without = count > 1 ? this.heightFor(sum - aspect, count - 1) : Infinity;
        const fits = without - this.target > this.target - this.heightFor(sum, count);
        const end = fits ? index + 1 : index;
        this.push({ height: this.heightFor(fits ? sum : sum - aspect, end - start), start, end });
        start = end;
        sum = fits ? 0 : aspect;
        if (fits) continue;
      }
      if (ends || (last && index + 1 === entries.length)) {
        this.push({ height: Math.min(this.target, this.heightFor(sum, index + 1 - start)), start, end: index + 1 });
        start = index + 1;
        sum = 0;
      }
    }
    this.next = start;
  }

  /** The rows that touch top to bottom: [first, behind the last]. */
  between(top, bottom) {
    const first = this.search((row) => row.top + row.height >= top);
    let end = first;
    while (end < this.rows.length && this.rows[end].top <= bottom) end++;
    return [first, end];
  }

  rowOf(index) {
    return this.search((row) => row.end > index);
  }

  /** The first row for which `holds`, which is false for the rows before it and true behind it. */
  search(holds) {
    let low = 0, high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this.rows[middle])) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
