"""The fields that a request's body may have at its top in each dialect that refuses all others. Neighbour: asking.

OpenAI's server names an ``unknown_parameter``, Anthropic's says "Extra inputs are not permitted", and Google's "Cannot
find field", each with status 400. Ollama's takes no notice of what it does not know, as Go's ``encoding/json`` does.
The names are those of the vendors' SDKs; a test holds them against the SDKs that are installed. Most of them change
nothing here: this model has no temperature.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# openai: types/chat/completion_create_params.py
CHAT = _names(
    """
    audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens
    messages metadata modalities model moderation n parallel_tool_calls prediction presence_penalty
    prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort response_format
    safety_identifier seed service_tier stop store stream stream_options temperature tool_choice tools
    top_logprobs top_p user verbosity web_search_options
    """
)

# openai: types/responses/response_create_params.py
RESPONSES = _names(
    """
    access_programs background background_options context_management conversation image include input
    instructions max_output_tokens max_tool_calls metadata model moderation parallel_tool_calls
    previous_response_id prompt prompt_cache_key prompt_cache_options prompt_cache_retention reasoning
    safety_identifier service_tier store stream stream_options temperature text tool_choice tools top_logprobs
    top_p truncation user
    """
)

# anthropic: types/message_create_params.py and types/beta/message_create_params.py; the three of sampling are gone from
# the newest types, and in all older ones.
MESSAGES = _names(
    """
    billing_policy cache_control compaction container context_management diagnostics fallback_credit_token
    fallbacks inference_geo max_tokens mcp_servers messages metadata model output_config output_format
    service_tier speed stop_sequences stream system thinking thread tool_choice tools user_profile_id
    workspace_id temperature top_k top_p
    """
)

# https://ai.google.dev/api/generate-content, in camelCase and in snake_case, as the JSON of protobuf allows.
GEMINI = _names(
    """
    cachedContent cached_content contents generationConfig generation_config model safetySettings
    safety_settings serviceTier service_tier store systemInstruction system_instruction toolConfig tool_config
    tools
    """
)
