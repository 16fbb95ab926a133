//! `hiroba vocab`: what the vocabulary looks like in the forms that other programs read.

use clap::{Args, ValueEnum};
use hiroba_vocab::dataset::Edition;
use hiroba_vocab::publish::{self, Product};
use hiroba_vocab::{Datasets, context};

use super::export::LayoutArg;
use super::{Outcome, output};

/// Write the vocabulary, or what is made of it for a data set, to standard output.
#[derive(Debug, Args)]
pub(super) struct VocabArgs {
    /// What to write.
    product: What,
    /// The short name of the data set: aed, public_toilet, …; not for context and ontology.
    #[arg(value_name = "DATASET")]
    dataset: Option<String>,
    /// The edition of the standard that files follow; for table-schema and csvw.
    #[arg(long, value_enum, default_value_t)]
    layout: LayoutArg,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// The JSON-LD @context.
    Context,
    /// The ontology: classes, properties, columns and code lists in Turtle.
    Ontology,
    /// JSON Schema of entities in their simplified representation.
    JsonSchema,
    /// SHACL shapes of entities, in Turtle.
    Shacl,
    /// Frictionless Table Schema of files.
    TableSchema,
    /// CSVW metadata of files.
    Csvw,
    /// A page in Markdown.
    Page,
}

pub(super) fn run(arguments: &VocabArgs) -> Outcome {
    match text(arguments) {
        Ok(text) => {
            output::result(text.trim_end());
            Outcome::Done
        }
        Err(reason) => {
            output::error(reason);
            Outcome::Failed
        }
    }
}

fn text(arguments: &VocabArgs) -> Result<String, String> {
    let product = match (arguments.product, &arguments.dataset) {
        (What::Context | What::Ontology, Some(_)) => {
            return Err("context and ontology speak of the whole vocabulary: leave the data set out".to_owned());
        }
        (What::Context, None) => return Ok(publish::pretty(&context::context())),
        (What::Ontology, None) => return Ok(publish::ontology()),
        (What::JsonSchema, _) => Product::JsonSchema,
        (What::Shacl, _) => Product::Shacl,
        (What::TableSchema, _) => Product::TableSchema,
        (What::Csvw, _) => Product::Csvw,
        (What::Page, _) => Product::Page,
    };
    let all = Datasets::published();
    let known = || all.supported().iter().map(|dataset| dataset.slug.as_str()).collect::<Vec<_>>().join(", ");
    let slug = arguments.dataset.as_deref().ok_or_else(|| format!("name a data set: {}", known()))?;
    let dataset = all.get(slug).ok_or_else(|| format!("there is no data set {slug}; there are {}", known()))?;
    let edition = Edition::from(arguments.layout);
    if product.has_editions() && dataset.layout(edition).fields.is_empty() {
        return Err(format!("{slug} has no {} layout", edition.word()));
    }
    Ok(product.text(dataset, edition))
}
