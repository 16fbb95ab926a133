//! `/vocab`: the vocabulary as an ontology, and what is made of it for each data set.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use hiroba_vocab::Datasets;
use hiroba_vocab::dataset::Edition;
use hiroba_vocab::publish::{self, Product};
use ngsild::Error;

use super::problem::{HttpError, Result};
use super::request::params::Params;
use super::respond::knows;

/// A product as it is served.
struct Published {
    media_type: &'static str,
    tag: String,
    body: Bytes,
}

impl Published {
    fn new(media_type: &'static str, text: String) -> Self {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Self { media_type, tag: format!("\"{:016x}\"", hasher.finish()), body: text.into() }
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let known = knows(request, &self.tag);
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response.insert_header((ETAG, self.tag.as_str())).insert_header((CACHE_CONTROL, "public, max-age=3600"));
        if known { response.finish() } else { response.content_type(self.media_type).body(self.body.clone()) }
    }
}

/// `/vocab`: the ontology in Turtle.
///
/// # Errors
/// InvalidRequest for parameters: there are none.
pub async fn ontology(request: HttpRequest) -> Result<HttpResponse> {
    static ONTOLOGY: LazyLock<Published> =
        LazyLock::new(|| Published::new("text/turtle; charset=utf-8", publish::ontology()));
    Params::of(&request, &[])?;
    Ok(ONTOLOGY.answer(&request))
}

/// `/vocab/{name}`: a product of a data set, `aed.schema.json`. `layout` picks the edition of those that describe files.
///
/// # Errors
/// NotFound for names that are none, and for a layout that a data set does not have; BadRequestData for other layouts.
pub async fn product(request: HttpRequest) -> Result<HttpResponse> {
    static PRODUCTS: LazyLock<HashMap<String, Editions>> = LazyLock::new(products);
    let nothing = || HttpError::NotFound(request.path().to_owned());
    let name = request.match_info().get("name").unwrap_or_default();
    let editions = PRODUCTS.get(name).ok_or_else(nothing)?;
    let known: &[&str] = if editions.product.has_editions() { &["layout"] } else { &[] };
    let published = match Params::of(&request, known)?.get("layout") {
        None | Some("current") => &editions.current,
        Some("old") => &editions.old,
        Some(other) => {
            return Err(Error::bad_request(format!("'{other}' is not one of current, old")).at("layout").into());
        }
    };
    Ok(published.as_ref().ok_or_else(nothing)?.answer(&request))
}

/// A product of a data set in the editions that there are.
struct Editions {
    product: Product,
    current: Option<Published>,
    old: Option<Published>,
}

/// Every product of every data set by its name, made once: there are a few for each.
fn products() -> HashMap<String, Editions> {
    let mut all = HashMap::new();
    for dataset in Datasets::published().supported() {
        for product in Product::ALL {
            let published = |edition| {
                let there = !product.has_editions() || !dataset.layout(edition).fields.is_empty();
                there.then(|| Published::new(product.media_type(), product.text(dataset, edition)))
            };
            let (current, old) = (published(Edition::Current), published(Edition::Old));
            all.insert(format!("{}.{}", dataset.slug, product.extension()), Editions { product, current, old });
        }
    }
    all
}
