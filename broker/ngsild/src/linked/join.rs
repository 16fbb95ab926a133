//! Which linked entities an answer shows (`join`, `joinLevel`, `containedBy`).

use std::collections::{BTreeSet, HashSet};

use hiroba_vocab::{DatasetId, EntityId, Iri};

use super::{Found, LinkedEntities};
use crate::entity::{Attribute, Entity};
use crate::error::{Error, ErrorKind, Result};
use crate::query::Projection;

/// How many links an answer may follow for each linked entity that it may show: targets that are not there, or that
/// are there already, cost time as well.
const FOLLOWED_PER_SHOWN: usize = 20;

/// Where linked entities are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinForm {
    /// After the entities that link to them, each once.
    Flat,
    /// Inside the relationships that lead to them.
    Inline,
}

/// `join`, `joinLevel` and `containedBy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// `join`
    pub form: JoinForm,
    /// `joinLevel`: how many links lead to the furthest entities; 1 or more.
    pub levels: usize,
    /// `containedBy`: entities that were met before, so that no link to them is followed.
    pub contained_by: BTreeSet<EntityId>,
}

/// A join, and what of entities is shown: only links that are shown are followed.
#[derive(Debug, Clone, Copy)]
pub struct Joining<'j> {
    /// The join.
    pub join: &'j Join,
    /// Which members of the linking entities are shown.
    pub projection: &'j Projection,
    /// Which attribute instances are shown, of every entity; empty for all.
    pub datasets: &'j [Option<DatasetId>],
}

/// An entity of an answer, with what is shown of it.
#[derive(Debug, Clone)]
pub struct Member<'e> {
    /// The entity.
    pub entity: &'e Entity,
    /// Which members are shown.
    pub projection: Projection,
}

/// The entities from the outermost to the one that is being shown.
#[derive(Debug, Clone, Copy)]
pub struct Path<'p> {
    id: &'p EntityId,
    above: Option<&'p Self>,
}

/// Links that are shown inside entities, seen from a place in the answer.
#[derive(Debug, Clone, Copy)]
pub struct Inline<'i> {
    linked: &'i LinkedEntities,
    contained_by: &'i BTreeSet<EntityId>,
    levels: usize,
    path: Option<&'i Path<'i>>,
    /// What is shown of the entities that the links lead to.
    pub(crate) projection: &'i Projection,
}

impl<'i> Inline<'i> {
    /// The links of an answer's outermost entities; `None` when linked entities are not shown inside others.
    pub fn new(joining: Joining<'i>, linked: &'i LinkedEntities) -> Option<Self> {
        let Joining { join, projection, .. } = joining;
        let inline = Self { linked, contained_by: &join.contained_by, levels: join.levels, path: None, projection };
        (join.form == JoinForm::Inline).then_some(inline)
    }

    /// The way to an entity that is shown here.
    pub(crate) fn path(&self, entity: &'i Entity) -> Path<'i> {
        Path { id: &entity.id, above: self.path }
    }

    /// The links of the entity at the end of a path.
    pub(crate) fn of(self, path: &'i Path<'i>) -> Self {
        Self { path: Some(path), ..self }
    }

    /// The links that lead to entities of which `projection` is shown.
    pub(crate) fn showing(self, projection: &'i Projection) -> Self {
        Self { projection, ..self }
    }

    /// The links of entities one level further.
    pub(crate) fn further(self) -> Self {
        Self { levels: self.levels.saturating_sub(1), ..self }
    }

    /// Where a link leads to: nowhere when that entity contains this place, or is too far away.
    pub(crate) fn follow(&self, instance: &Attribute, target: &Iri) -> Found<'i> {
        let mut above = std::iter::successors(self.path, |path| path.above);
        let id = target.as_str();
        if self.levels == 0 || above.any(|path| path.id.as_str() == id) || self.contained_by.contains(id) {
            return Found::Nothing;
        }
        self.linked.follow(instance, target)
    }
}

/// A link of an entity.
struct Link<'e> {
    name: &'e Iri,
    instance: &'e Attribute,
    target: &'e Iri,
}

/// What an answer has cost so far, and what it still needs.
struct Work {
    missing: BTreeSet<EntityId>,
    shown: usize,
    followed: usize,
    limit: usize,
}

impl Work {
    fn new(limit: usize) -> Self {
        Self { missing: BTreeSet::new(), shown: 0, followed: 0, limit }
    }

    fn count(&mut self, found: &Found<'_>, target: &Iri) -> Result<()> {
        self.followed += 1;
        match found {
            Found::Unknown => {
                self.missing.insert(EntityId::from_stored(target.as_str()));
            }
            Found::Nothing => {}
            Found::Entity(_) => self.shown += 1,
        }
        let too_many = |what: String| {
            let detail = format!("{what}; ask for fewer entities, a smaller joinLevel, or fewer relationships (pick)");
            Err(Error::new(ErrorKind::TooManyResults, detail).at("join"))
        };
        let followed = self.limit.saturating_mul(FOLLOWED_PER_SHOWN);
        if self.shown > self.limit {
            return too_many(format!("the answer would hold more than {} linked entities", self.limit));
        }
        if self.followed > followed {
            return too_many(format!("the answer would follow more than {followed} links"));
        }
        Ok(())
    }
}

impl Joining<'_> {
    /// The ids of entities that must be looked for before the answer is complete. With `join=inline` an entity that is
    /// shown in several places counts as often.
    ///
    /// # Errors
    /// TooManyResults when the answer would show more than `limit` linked entities, or follow twenty times as many
    /// links.
    pub fn missing<E: AsRef<Entity>>(
        &self,
        entities: &[E],
        linked: &LinkedEntities,
        limit: usize,
    ) -> Result<BTreeSet<EntityId>> {
        let mut work = Work::new(limit);
        match Inline::new(*self, linked) {
            None => {
                self.flat(entities, linked, &mut work)?;
            }
            Some(inline) => {
                for entity in entities {
                    self.inline(entity.as_ref(), self.projection, inline, &mut work)?;
                }
            }
        }
        Ok(work.missing)
    }

    /// The entities of an answer in their order: those that were asked for, and with `join=flat` those that they link
    /// to, the nearer ones first, each once.
    ///
    /// # Errors
    /// As [`missing`](Self::missing), which must have found nothing.
    pub fn members<'e, E: AsRef<Entity>>(
        &self,
        entities: &'e [E],
        linked: &'e LinkedEntities,
        limit: usize,
    ) -> Result<Vec<Member<'e>>> {
        match self.join.form {
            JoinForm::Flat => self.flat(entities, linked, &mut Work::new(limit)),
            JoinForm::Inline => Ok(members(entities, self.projection)),
        }
    }

    fn flat<'e, E: AsRef<Entity>>(
        &self,
        entities: &'e [E],
        linked: &'e LinkedEntities,
        work: &mut Work,
    ) -> Result<Vec<Member<'e>>> {
        let mut members = members(entities, self.projection);
        let contained_by = self.join.contained_by.iter().map(EntityId::as_str);
        let mut met: HashSet<&str> = members.iter().map(|member| member.entity.id.as_str()).collect();
        met.extend(contained_by);
        let mut level = 0..members.len();
        for _ in 0..self.join.levels {
            for at in level.clone() {
                let Member { entity, projection } = members[at].clone();
                for link in self.links(entity, &projection) {
                    let found = match met.contains(link.target.as_str()) {
                        true => Found::Nothing,
                        false => linked.follow(link.instance, link.target),
                    };
                    work.count(&found, link.target)?;
                    if let Found::Entity(entity) = found {
                        met.insert(entity.id.as_str());
                        members.push(Member { entity, projection: projection.linked(link.name) });
                    }
                }
            }
            level = level.end..members.len();
        }
        Ok(members)
    }

    fn inline(&self, entity: &Entity, projection: &Projection, inline: Inline<'_>, work: &mut Work) -> Result<()> {
        if inline.levels == 0 {
            return Ok(());
        }
        let path = inline.path(entity);
        let inline = inline.of(&path);
        for link in self.links(entity, projection) {
            let found = inline.follow(link.instance, link.target);
            work.count(&found, link.target)?;
            if let Found::Entity(entity) = found {
                self.inline(entity, &projection.linked(link.name), inline.further(), work)?;
            }
        }
        Ok(())
    }

    /// The links of an entity that are shown, in their order.
    fn links<'e>(&self, entity: &'e Entity, projection: &Projection) -> impl Iterator<Item = Link<'e>> {
        let datasets = self.datasets;
        let shown = entity.attributes.iter().filter(|(name, _)| projection.shows_attribute(name));
        let instances = shown.flat_map(|(name, all)| all.iter().map(move |instance| (name, instance)));
        let instances = instances.filter(move |(_, instance)| shows_instance(datasets, instance));
        instances.flat_map(|(name, instance)| {
            instance.is.targets().iter().map(move |target| Link { name, instance, target })
        })
    }
}

/// The entities of an answer without linked ones.
pub fn members<'e, E: AsRef<Entity>>(entities: &'e [E], projection: &Projection) -> Vec<Member<'e>> {
    let member = |entity: &'e E| Member { entity: entity.as_ref(), projection: projection.clone() };
    entities.iter().map(member).collect()
}

/// Whether a `datasetId` filter shows an instance.
pub(crate) fn shows_instance(datasets: &[Option<DatasetId>], instance: &Attribute) -> bool {
    datasets.is_empty() || datasets.contains(&instance.dataset_id)
}
