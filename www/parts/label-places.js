/** Where names of points stand in a plot: beside their points, over no other name and no other point. */

/** @typedef {{left: number, right: number, top: number, bottom: number}} Box */

/** From a point to its name, nearest first, in CSS pixels. */
const DISTANCES = [7, 12, 18, 26, 36, 48, 62, 78, 100, 125, 150];
/** Directions from the point, best first: right, left, and between these and straight up or down. */
const DIRECTIONS = [[1, 0], [-1, 0], [0.8, -0.6], [0.8, 0.6], [-0.8, -0.6], [-0.8, 0.6], [0, -1], [0, 1], [0.4, 0.9], [-0.4, 0.9], [0.4, -0.9], [-0.4, -0.9]];
/** Steps along a line from a point to its name. */
const DOT = 4;
/** How far neighbours are that take each other's room, downwards; to the side twice as far. */
const CROWD = 30;
/** Half of what a point takes. */
const POINT = 5;

/**
 * A box for each name, or null where there is no room for it.
 * @param {{x: number, y: number, width: number, height: number}[]} names  where their points are, and their sizes
 * @param {{x: number, y: number}[]} points  that no name may cover
 * @param {Box[]} taken
 * @param {Box} within
 * @returns {(Box | null)[]}
 */
export function placesOf(names, points, taken, within) {
  const covered = [...taken, ...points.map(({ x, y }) => ({ left: x - POINT, right: x + POINT, top: y - POINT, bottom: y + POINT }))];
  /** @type {(Box | null)[]} */
  const places = names.map(() => null);
  /** What lies on the lines from points to names that stand apart. @type {Box[]} */
  const leaders = [];
  const crowd = names.map(({ x, y }) => points.filter((other) => Math.hypot((other.x - x) / 2, other.y - y) < CROWD).length);
  const order = [...names.keys()].sort((a, b) => crowd[b] - crowd[a]);
  // who finds a place beside the point has it before others come from afar, and first who has most neighbours
  for (const distance of DISTANCES) {
    for (const index of order) {
      const name = names[index];
      if (places[index]) continue;
      const free = DIRECTIONS.map(([x, y]) => boxAt(name, distance * x, distance * y)).find(
        (box) =>
          isWithin(box, within) &&
          ![...covered, ...leaders].some((other) => overlap(box, other)) &&
          !leaderOf(name, box).some((dot) => covered.some((other) => isApart(name, other) && overlap(dot, other))),
      );
      if (!free) continue;
      places[index] = free;
      covered.push(free);
      leaders.push(...leaderOf(name, free));
    }
  }
  return places;
}

/** @param {{x: number, y: number, width: number, height: number}} name @param {number} dx @param {number} dy @returns {Box} */
function boxAt({ x, y, width, height }, dx, dy) {
  const left = dx > 0 ? x + dx : dx < 0 ? x + dx - width : x - width / 2;
  const middle = dx === 0 ? y + dy + (Math.sign(dy) * height) / 2 : y + dy;
  return { left, right: left + width, top: middle - height / 2, bottom: middle + height / 2 };
}

/** Dots along the way from a point to its name. @param {{x: number, y: number}} point @param {Box} box @returns {Box[]} */
function leaderOf({ x, y }, box) {
  const [dx, dy] = [Math.min(box.right, Math.max(box.left, x)) - x, Math.min(box.bottom, Math.max(box.top, y)) - y];
  const count = Math.floor(Math.hypot(dx, dy) / DOT);
  return Array.from({ length: count }, (_, i) => {
    const [left, top] = [x + (dx * (i + 0.5)) / count, y + (dy * (i + 0.5)) / count];
    return { left, right: left, top, bottom: top };
  });
}

/** Whether a box is not that of the point itself. @param {{x: number, y: number}} point @param {Box} box */
function isApart({ x, y }, { left, right, top, bottom }) {
  return x <= left || x >= right || y <= top || y >= bottom;
}

/** @param {Box} box @param {Box} within */
function isWithin(box, within) {
  return box.left >= within.left && box.right <= within.right && box.top >= within.top && box.bottom <= within.bottom;
}

/** @param {Box} a @param {Box} b */
function overlap(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
