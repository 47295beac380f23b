// Makes the desk livelier: times in the reader's own zone, time left that keeps counting, shortcuts. Every page is
// complete without it.
'use strict';
