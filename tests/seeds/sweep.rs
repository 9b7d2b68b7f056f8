//! A small campaign whose process dies at every step that it takes, one after another.
