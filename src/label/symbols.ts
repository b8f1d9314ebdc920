/** Of the library's hundred symbologies the two that labels bear, and its font: loaded so, 0.8 MB stay out of the bundle. */
export { datamatrix, drawingSVG, qrcode } from 'bwip-js/generic';
