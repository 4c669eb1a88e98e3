from __future__ import annotations

import pytest

from app.evals.judging.family import Kin, shared_family


@pytest.mark.parametrize(
    ("judge", "candidate", "family"),
    [
        (Kin("Qwen2.5 7B Instruct", "qwen2"), Kin("Qwen3-0.6B", "qwen3"), "qwen"),
        (Kin("Qwen2.5-7B", "qwen2"), Kin("DeepSeek-R1-Distill-Qwen-1.5B", "qwen2"), "qwen2"),
        (Kin("Llama-3.2-3B-Instruct", "llama"), Kin("Meta Llama 3", "llama"), "llama"),
        (Kin("Llama-3.2-3B-Instruct", "llama"), Kin("llama-3.1-8b.Q4_K_M", "llama"), "llama"),
        (Kin("Mistral 7B", "llama"), Kin("SmolLM2", "llama"), ""),
        (Kin("Gemma 2", "gemma2"), Kin("Phi 4", "phi3"), ""),
        (Kin("7B", "qwen2"), Kin("8B", "gemma2"), ""),
        (Kin("", ""), Kin("", ""), ""),
    ],
)
def test_family_is_told_by_the_name_or_by_an_architecture_that_one_maker_uses(
    judge: Kin, candidate: Kin, family: str
):
    assert shared_family(judge, candidate) == family
    assert shared_family(candidate, judge) == family
