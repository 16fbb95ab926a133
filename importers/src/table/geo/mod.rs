//! Files of geographic information systems: Shapefile and GeoPackage.

mod crs;
mod dbf;
mod gpkg;
mod rings;
mod shp;
mod wkb;

pub(super) use crs::Crs;
pub(super) use gpkg::read as geopackage;
pub(super) use shp::read as shapefile;

/// Turns a position of a file into longitude and latitude, degrees of JGD2011 or WGS 84; `None` outside the projection.
pub(super) type Convert<'c> = &'c dyn Fn(f64, f64) -> Option<[f64; 2]>;
