//! The projections, through their public face: hand-made facts go into a log, questions come out.

#[path = "projections/directory.rs"]
mod directory;
#[path = "projections/histories.rs"]
mod histories;
#[path = "projections/lists.rs"]
mod lists;
#[path = "projections/random.rs"]
mod random;
#[path = "projections/running.rs"]
mod running;
#[path = "projections/world.rs"]
mod world;
