/** A canvas that shows one frame of a trajectory; see rooms/denoise/lane.js. */

import { Picture } from './picture.js';

/** @import { What } from '../protocol.js' */

export class FramePicture extends Picture {
  /**
   * Where the frame is not computed yet, the newest one before it is drawn.
   * @param {object} content
   * @param {string} content.lane
   * @param {What} content.what
   * @param {number} content.frame
   * @param {number} [content.columns]
   * @param {number} [content.rows]
   * @param {number} [content.first]  which digit of the lane comes first
   */
  show({ lane, what, frame, columns = this.columns, rows = this.rows, first = 0 }) {
    this.arrange(columns, rows);
    const { name: canvas, gap, urgent } = this;
    this.engine.send({ type: 'draw', picture: { canvas, lane, what, frame, columns, rows, gap, first, urgent } });
  }
}
