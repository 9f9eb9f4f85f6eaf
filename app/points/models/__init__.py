"""Tables about points: the ledger and its seals, standings made from it, and the rules."""

from app.points.models.books import RankingChoice, RuleBook, RuleDraft
from app.points.models.ledger import TRIGGERS, Entry, Head, LedgerTheme
from app.points.models.rewards import Reward, RewardOrder, RewardsChoice
from app.points.models.seals import LedgerSeal
from app.points.models.standings import (
    BranchShare,
    BranchSize,
    BranchStanding,
    Standing,
    StandingStep,
    StandingTie,
)

__all__ = [
    "TRIGGERS",
    "BranchShare",
    "BranchSize",
    "BranchStanding",
    "Entry",
    "Head",
    "LedgerSeal",
    "LedgerTheme",
    "RankingChoice",
    "Reward",
    "RewardOrder",
    "RewardsChoice",
    "RuleBook",
    "RuleDraft",
    "Standing",
    "StandingStep",
    "StandingTie",
]
