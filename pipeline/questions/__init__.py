"""The kinds of question that a task can ask of a record, one file each: what a right answer is, its plain-data form,
and the row that it makes for training. Draws nothing.
"""

from pipeline.questions.answer_span import AnswerSpan
from pipeline.questions.base import KINDS, BadQuestion, Question, When, WrongAnswer, in_full, kinds, question_from
from pipeline.questions.chat import Chat
from pipeline.questions.choice import Choice
from pipeline.questions.choices import Choices
from pipeline.questions.ranking import Ranking
from pipeline.questions.rating import Rating
from pipeline.questions.relations import Relations
from pipeline.questions.spans import Spans
from pipeline.questions.text import Text
from pipeline.questions.values import asked, check_answers, check_questions, fields_of, fields_read, tidy_value

__all__ = [
    "KINDS", "AnswerSpan", "BadQuestion", "Chat", "Choice", "Choices", "Question", "Ranking", "Rating", "Relations",
    "Spans", "Text", "When", "WrongAnswer", "asked", "check_answers", "check_questions", "fields_of", "fields_read",
    "in_full", "kinds", "question_from", "tidy_value",
]  # fmt: skip
