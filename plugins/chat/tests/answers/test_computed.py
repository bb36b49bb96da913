"""Sums and units in a message are computed exactly, and nothing where none is asked for."""

from __future__ import annotations

import pytest

from studio_chat.answers.computed import computed


@pytest.mark.parametrize(
    ("message", "equation"),
    [
        ("What is 17 % of 240?", "17 % of 240 = 40.8"),
        ("what's 12 x 37", "12 * 37 = 444"),
        ("Calculate (3+4)*12.5.", "(3+4)*12.5 = 87.5"),
        ("123456789 * 987654321 =", "123456789 * 987654321 = 121932631112635269"),
        ("How much is 15 percent of 80 euros?", "15 % of 80 = 12"),
        ("What is 2 to the power of 10?", "2 ^ 10 = 1024"),
        ("What is 1,250 * 2?", "1,250 * 2 = 2500"),
        ("Was ist 3,5 mal 1.250?", "3,5 * 1.250 = 4375"),
        ("Wie viel sind 20 Prozent von 45,50?", "20 % of 45,50 = 9.1"),
        ("Combien font 12 fois 4 ?", "12 * 4 = 48"),
        ("What is 24/7?", "24/7 = 3.42857"),
    ],
)
def test_a_sum_that_is_asked_for(message: str, equation: str) -> None:
    assert computed(message) == equation


@pytest.mark.parametrize(
    ("message", "equation"),
    [
        ("How many miles are 5 km?", "5 kilometre = 3.10686 mile"),
        ("Convert 100 °F to Celsius", "100 fahrenheit = 37.7778 celsius"),
        ("What is -40 celsius in fahrenheit?", "-40 celsius = -40 fahrenheit"),
        ("How many minutes are there in three hours?", "3 hour = 180 minute"),
        ("Wie viele Sekunden hat eine Minute?", "1 minute = 60 second"),
        ("How many feet is 1.8 m?", "1.8 metre = 5.90551 foot"),
        ("What is 60 mph in km/h?", "60 mile per hour = 96.5606 kilometre per hour"),
    ],
)
def test_an_amount_in_another_unit(message: str, equation: str) -> None:
    assert computed(message) == equation


@pytest.mark.parametrize(
    "message",
    [
        "What is 24/7 support?",
        "2024-05-01",
        "What is 2024-05-01?",
        "Call 0344 555-0182.",
        "What is the best of 5 - 10 options?",
        "What is 10 divided by 0?",
        "Explain 3 + 4 in words.",
        "What does 5 kg cost in pounds?",
        "I drove 5 miles in 2 hours, how many km per hour?",
        "A recipe for 4 people needs 300 g of rice. How many grams for 6 people?",
        "I'm in Rome for 5 km of walking.",
        "How many hours do I sleep?",
        "",
    ],
)
def test_nothing_is_computed_that_nobody_asks_for(message: str) -> None:
    assert computed(message) == ""
