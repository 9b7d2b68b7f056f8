//! The binary `campaign`.

fn main() {}
