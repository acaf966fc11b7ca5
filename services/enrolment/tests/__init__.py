"""Tests of enrolment. A package, so that its running service ends with its last test."""
