//! The attribute with the client token, which every row has besides its own.

use super::Finder;
use crate::domain::definition::Definition;
use crate::domain::message::request::{Leaf, RequestTemplate};
use crate::domain::problem::Problem;

/// Adds it, unless the definition wants none.
pub(super) fn add(definition: &Definition, shape: &mut RequestTemplate, finder: &mut Finder<'_>) {
    let Some(name) = &definition.trace else { return };
    if shape.attributes.insert(name.clone(), Leaf::Token).is_none() {
        return;
    }
    let message = format!("the attribute `{name}` is both one of `contact.attributes` and `contact.trace`");
    let hint = "name another one for the client token: `trace = \"...\"` in [contact], or false for none";
    let place = definition.places.trace.or(definition.places.attributes);
    finder.problems.push(Problem::new(place, message).hint(hint));
}
