//! The index of places and of words, as quads in a graph of its own, beside the entities in the same database.
//!
//! It is written in the transaction of the quads that it is about, so it fits them after any crash and in every
//! snapshot that a query sees, and it takes no memory. Queries do not see it; `query::narrow` reaches into it for
//! them, and keeps their own conditions: the index may find too much, never too little.
//!
//! * Places: each node with a `geo:asWKT` has one home in a grid ([`cells`]): `node home spot`, with the home as the
//!   predicate and a number for where exactly it is ([`Spot`]). `home in cell` names the cells that a home lies in, from
//!   small to large. Homes and spots are what Oxigraph keeps inside its quads: nothing has to be looked up to pass over
//!   what is too far.
//! * Words: each word of a name ([`words`]) `occurs in` the name.

mod cells;
mod keep;
mod spot;
mod terms;
mod words;

pub use cells::{Cover, keys};
pub use keep::{Changes, Loading, write_levels};
pub use spot::Spot;
pub use terms::{AS_WKT, IN, INDEX, LABELS, LEVELS, OCCURS_IN, THIS, is_of_index};
pub use words::{finds, node as word, of_query};
