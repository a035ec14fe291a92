"""Tests of the servers, each against a running one."""
