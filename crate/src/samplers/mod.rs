//! From noise to data and back: the paths between them and the rules that walk them.

pub mod path;
