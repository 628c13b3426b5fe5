//! Live thresholds: judged at the beat, told to the program's callbacks.
