//! `/vocab`: the vocabulary as an ontology, its terms one by one, and what is made of it for each data set.

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, ETAG, LINK, VARY};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use hiroba_vocab::dataset::Edition;
use hiroba_vocab::publish::{self, Product};
use hiroba_vocab::{Datasets, Iri};
use ngsild::Error;
use oxrdf::Triple;

use super::linked_data::document::{Document, alternates, tag_of, write};
use super::linked_data::form::{DOCUMENT, FORMAT, Form};
use super::linked_data::vocabulary::{PATH, Part, Vocabulary, own_column};
use super::problem::{HttpError, Result};
use super::request::params::Params;
use super::request::{owner, path_part};
use super::respond::{knows, segment};
use crate::explorer::term;
use crate::service::discovery::summary;
use crate::service::existing_tenant;
use crate::state::AppState;

/// How long a copy is good: the vocabulary changes with the program.
const CACHE: &str = "public, max-age=3600";

/// A product as it is served.
struct Published {
    media_type: &'static str,
    tag: String,
    body: Bytes,
}

impl Published {
    fn new(media_type: &'static str, text: impl Into<Bytes>) -> Self {
        let body = text.into();
        Self { media_type, tag: tag_of(&body), body }
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let known = knows(request, &self.tag);
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response.insert_header((ETAG, self.tag.as_str())).insert_header((CACHE_CONTROL, CACHE));
        if known { response.finish() } else { response.content_type(self.media_type).body(self.body.clone()) }
    }
}

/// `/vocab`: the ontology in Turtle, JSON-LD or N-Triples, or as a page that lists its terms.
///
/// # Errors
/// NotAcceptable; BadRequestData for a form that there is not; InvalidRequest for other parameters.
pub async fn ontology(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    static TURTLE: LazyLock<Published> =
        LazyLock::new(|| Published::new("text/turtle; charset=utf-8", publish::ontology()));
    static JSON_LD: LazyLock<Published> = LazyLock::new(|| whole(Form::JsonLd));
    static N_TRIPLES: LazyLock<Published> = LazyLock::new(|| whole(Form::NTriples));
    let params = Params::of(&request, &[FORMAT, "lang"])?;
    let form = DOCUMENT.choose(&request, &params)?;
    let mut answer = match form {
        Form::Html => return term::index(request, state).await,
        Form::JsonLd => JSON_LD.answer(&request),
        Form::NTriples => N_TRIPLES.answer(&request),
        Form::Turtle | Form::NQuads | Form::TriG => TURTLE.answer(&request),
    };
    let headers = answer.headers_mut();
    headers.insert(VARY, actix_web::http::header::HeaderValue::from_static("Accept"));
    for link in alternates(PATH, &DOCUMENT, form) {
        if let Ok(link) = link.parse() {
            headers.append(LINK, link);
        }
    }
    Ok(answer)
}

fn whole(form: Form) -> Published {
    // The same triples are written as Turtle without fault: a test reads every form again.
    Published::new(form.media(), write(Vocabulary::published().triples(), form).unwrap_or_default())
}

/// `/vocab/{name}`: a product of a data set, `aed.schema.json`, of which `layout` picks the edition where it describes
/// files; or a term, `AED`, in the form that Accept, `format` or an ending asks for.
///
/// # Errors
/// NotFound for names that are none, and for a layout that a data set does not have; BadRequestData for other layouts and
/// forms; NotAcceptable.
pub async fn named(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    static PRODUCTS: LazyLock<HashMap<String, Editions>> = LazyLock::new(products);
    let name = path_part(&request, "name")?;
    let Some(editions) = PRODUCTS.get(&name) else {
        return described(request, state, &name, Part::Term).await;
    };
    let known: &[&str] = if editions.product.has_editions() { &["layout"] } else { &[] };
    let published = match Params::of(&request, known)?.get("layout") {
        None | Some("current") => &editions.current,
        Some("old") => &editions.old,
        Some(other) => {
            return Err(Error::bad_request(format!("'{other}' is not one of current, old")).at("layout").into());
        }
    };
    let published = published.as_ref().ok_or_else(|| HttpError::NotFound(request.path().to_owned()))?;
    Ok(published.answer(&request))
}

/// `/vocab/column/{name}`: a column that no attribute takes, of the standard or of a city's own.
///
/// # Errors
/// NotFound for columns that neither the vocabulary nor the data know; as [`named`].
pub async fn column(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let name = path_part(&request, "name")?;
    described(request, state, &name, Part::Column).await
}

/// `/vocab/code/{list}`: a list of codes.
///
/// # Errors
/// NotFound for lists that there are not; as [`named`].
pub async fn code_list(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let name = path_part(&request, "list")?;
    described(request, state, &name, |name| Part::Code(name, None)).await
}

/// `/vocab/code/{list}/{code}`: one code of a list.
///
/// # Errors
/// NotFound for codes that there are not; as [`named`].
pub async fn code(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let (list, name) = (path_part(&request, "list")?, path_part(&request, "code")?);
    described(request, state, &name, |name| Part::Code(&list, Some(name))).await
}

/// The description of a term whose name may have an ending.
async fn described<'n>(
    request: HttpRequest,
    state: Data<AppState>,
    name: &'n str,
    part: impl Fn(&'n str) -> Part<'n>,
) -> Result<HttpResponse> {
    let params = Params::of(&request, &[FORMAT, "lang"])?;
    let whole = part(name);
    let (part, form, triples) = match triples_of(&request, &state, &whole).await? {
        Some(triples) => (whole, DOCUMENT.choose(&request, &params)?, triples),
        None => {
            let nothing = || HttpError::NotFound(request.path().to_owned());
            let (stem, form) = DOCUMENT.ending(name).ok_or_else(nothing)?;
            let part = part(stem);
            let triples = triples_of(&request, &state, &part).await?.ok_or_else(nothing)?;
            (part, form, triples)
        }
    };
    let path = match part {
        Part::Term(name) => format!("{PATH}/{}", segment(name)),
        Part::Column(name) => format!("{PATH}/column/{}", segment(name)),
        Part::Code(list, None) => format!("{PATH}/code/{}", segment(list)),
        Part::Code(list, Some(code)) => format!("{PATH}/code/{}/{}", segment(list), segment(code)),
    };
    if form == Form::Html {
        return term::page(request, state, &part.iri(), &triples, &path).await;
    }
    let document = Document { triples: &triples, form, offer: &DOCUMENT, path: &path, cache: CACHE, links: Vec::new() };
    document.answer(&request)
}

/// What is said of a term; of a column that the vocabulary does not know, if the tenant's data have it.
async fn triples_of(request: &HttpRequest, state: &AppState, part: &Part<'_>) -> Result<Option<Vec<Triple>>> {
    let iri = part.iri();
    if let Some(triples) = Vocabulary::published().describe(&iri) {
        return Ok(Some(triples));
    }
    let Part::Column(name) = part else { return Ok(None) };
    let tenant = existing_tenant(state, &owner(request)?).await?;
    let known = summary(state, tenant).await?.attributes.contains_key(&Iri::from_expanded(iri));
    Ok(known.then(|| own_column(name)))
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
