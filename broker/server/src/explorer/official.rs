//! Downloads in the layout of the standard: the file that a city would publish, from what is there now.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, VARY};
use actix_web::web::{Bytes, block};
use hiroba_importers::export::{Format, Sheet, Survey, Writer, is_absent};
use hiroba_store::StoreError;
use hiroba_vocab::{Dataset, Datasets, Iri, Terms};
use ngsild::Error;
use ngsild::query::Query;

use super::visit::Visit;
use crate::http::problem::Result;
use crate::http::request::file_form::FileForm;
use crate::service::walk::Walk;

/// How many entities become cells at a time: a few milliseconds of work between others'.
const CHUNK: usize = 250;

/// A file in the layout of the standard.
#[derive(Debug)]
pub(super) struct Official {
    dataset: Arc<Dataset>,
    form: FileForm,
}

/// The data set that a part of a path names by its short name, or by the type of its entities.
pub(super) fn dataset(part: &str, entity_type: &Iri) -> Option<&'static Arc<Dataset>> {
    let all = Datasets::published();
    let has_type = |dataset: &&Arc<Dataset>| Terms::published().iri(&dataset.entity_type) == *entity_type;
    all.get(part).filter(has_type).or_else(|| all.supported().iter().find(has_type))
}

impl Official {
    /// What the parameters `layout` and `encoding` ask for; `None` where no layout is asked for. Workbooks always have one.
    ///
    /// # Errors
    /// BadRequestData for words that are none, for types of which the standard has no data set, and for an encoding of
    /// what is no CSV in a layout.
    pub(super) fn of(
        dataset: Option<&Arc<Dataset>>,
        ending: &str,
        parameters: &HashMap<String, String>,
    ) -> Result<Option<Self>> {
        let text = |name: &str| parameters.get(name).map(String::as_str);
        let Some(form) = FileForm::of(ending, text("layout"), text("encoding"))? else { return Ok(None) };
        let Some(dataset) = dataset else {
            let advice = "the standard has no data set of this type. Leave layout out, and take .csv or .geojson";
            return Err(Error::bad_request(advice).at("layout").into());
        };
        form.check(dataset)?;
        Ok(Some(Self { dataset: Arc::clone(dataset), form }))
    }

    /// The file. Entities are read twice: which columns there are is known only when all were seen. What comes between
    /// the two and needs one more column is whole in the next download.
    ///
    /// # Errors
    /// TooManyResults for more rows than a workbook holds here; when the database fails.
    pub(super) async fn answer(self, visit: &Visit, query: Query) -> Result<HttpResponse> {
        let walk = || Walk::new(visit.state.store.clone(), visit.tenant, query.clone(), usize::MAX);
        let FileForm { edition, format } = self.form;
        let mut survey = Survey::new(&self.dataset, edition);
        let (mut first, mut rows) = (walk(), 0);
        while let Some(entities) = first.next(CHUNK).await? {
            rows += entities.iter().filter(|stored| !is_absent(&stored.entity)).count() as u64;
            self.form.holds(rows)?;
            entities.iter().for_each(|stored| survey.see(&stored.entity));
        }
        let sheet = Arc::new(survey.sheet());
        let mut response = HttpResponse::Ok();
        response
            .content_type(format.media_type())
            .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", sheet.file_name(format))))
            .insert_header((VARY, "Accept, NGSILD-Tenant"));
        if format == Format::Xlsx {
            return Ok(response.body(workbook(sheet, walk()).await?));
        }
        let writer = Writer::new(sheet, format, Vec::new()).map_err(failed)?;
        Ok(response.streaming(stream(writer, walk())))
    }
}

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::Database(error.to_string())
}

async fn workbook(sheet: Arc<Sheet>, mut walk: Walk) -> Result<Vec<u8>, StoreError> {
    let mut writer = Writer::new(sheet, Format::Xlsx, Vec::new()).map_err(failed)?;
    while let Some(entities) = walk.next(CHUNK).await? {
        for stored in &entities {
            writer.push(&stored.entity).map_err(failed)?;
        }
    }
    // Packing a large workbook takes seconds.
    let (bytes, _) = block(|| writer.finish()).await.map_err(failed)?.map_err(failed)?;
    Ok(bytes)
}

/// The file while it is made.
fn stream(writer: Writer<Vec<u8>>, walk: Walk) -> impl futures_util::Stream<Item = Result<Bytes, StoreError>> {
    futures_util::stream::unfold((Some(writer), walk), |(writer, mut walk)| async move {
        let mut writer = writer?;
        let piece = match walk.next(CHUNK).await {
            Err(error) => return Some((Err(error), (None, walk))),
            Ok(None) => {
                return Some((writer.finish().map(|(rest, _)| Bytes::from(rest)).map_err(failed), (None, walk)));
            }
            Ok(Some(entities)) => entities.iter().try_for_each(|stored| writer.push(&stored.entity)),
        };
        match piece {
            Ok(()) => {
                let bytes = writer.out().map(std::mem::take).unwrap_or_default();
                Some((Ok(Bytes::from(bytes)), (Some(writer), walk)))
            }
            Err(error) => Some((Err(failed(error)), (None, walk))),
        }
    })
}
